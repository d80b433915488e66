"""What parties share: reading and searching a card, questions to the programme, people's answers to tasks."""
