from explorer.web.seat.qr import draw_qr


def test_a_link_is_drawn_and_another_link_is_another_picture():
    one, other = draw_qr("http://localhost/join/abcd"), draw_qr("http://localhost/join/abce")
    assert one.startswith("<svg")
    assert "viewBox" in one
    assert one != other


def test_nothing_of_the_link_is_in_the_picture_as_text():
    assert "<script" not in draw_qr("http://localhost/<script>alert(1)</script>")
