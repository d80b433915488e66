"""The rig's page in a real browser: read by all, narrow and wide, light and dark."""

import pytest
from browser import assert_readable
from rig_maker import Bench

from tenprint.core.clock import SystemClock
from tenprint.web.rig_door import RigDoor

pytestmark = [pytest.mark.web, pytest.mark.slow]


@pytest.mark.parametrize("numbers", [(), ("IDENT-0000001", "DAMAGED-00001", "SECOND-<i>0001")])
def test_the_page_of_the_rig_can_be_read_by_all(desktop, serve, numbers: tuple[str, ...]) -> None:
    bench = Bench()
    for number in numbers:
        bench.send(number, hai="PURPLE" if number.startswith("DAMAGED") else "BLK")
    for answer in bench.waiting()[:2]:
        bench.take(answer)
    desk = desktop(serve(RigDoor(bench.rig, "token", SystemClock()).app()))
    desk.open("/")
    assert all(number in desk.text() for number in numbers)
    assert_readable(desk.page)
