"""Things run on top of the house: the demo's driver, accuracy. They receive ports and build nothing."""
