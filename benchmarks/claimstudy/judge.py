def judged(found):
    raise SystemExit("later")
