"""How plans look: control characters from a node stay on the page, colours are ours alone."""

from converge.engine.show.marks import BLOCKED, Paint, safe


def test_what_a_node_says_cannot_drive_a_terminal() -> None:
    assert safe("a\x1b]0;title\x07b\x1b[2J\r\t\x00 grün") == (
        r"a\x1b]0;title\x07b\x1b[2J\r\t\x00 grün"
    )


def test_our_own_colours_stay() -> None:
    painted = Paint(on=True)(BLOCKED, "no") + "\n"
    assert safe(painted) == painted
    assert Paint(on=False)(BLOCKED, "no") == "no"
