"""Dates in the future become the present, and the order of all others stays."""

import os
import time

from hydronexus.clock import date_no_later_than_now


def test_files_of_the_future_are_of_now_and_others_keep_their_date(tmp_path):
    now = time.time()
    dates = {"past": now - 100, "soon": now + 3600, "later": now + 7200}
    (tmp_path / "deep").mkdir()
    for name, date in dates.items():
        (tmp_path / "deep" / name).touch()
        os.utime(tmp_path / "deep" / name, (date, date))
    assert date_no_later_than_now(tmp_path, tmp_path / "missing") == 2
    past, soon, later = ((tmp_path / "deep" / name).stat().st_mtime for name in dates)
    assert past == dates["past"]
    assert now <= soon == later <= time.time()
    assert date_no_later_than_now(tmp_path) == 0
