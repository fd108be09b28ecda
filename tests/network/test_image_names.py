"""Names of images, as Docker writes them."""

import pytest

from explorer.network.image_names import split, whole


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nginx", "nginx:latest"),
        ("nginx:1.27-alpine", "nginx:1.27-alpine"),
        ("library/some_name", "library/some_name:latest"),
        ("a/b-c.d:T_1", "a/b-c.d:T_1"),
    ],
)
def test_a_name_has_a_tag(given, told):
    assert whole(given) == told
    assert ":".join(split(given)) == told


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Nginx",
        "<b>x",
        "a b",
        "a:",
        ":a",
        "a//b",
        "-a",
        "a-",
        "../x",
        "x" * 101,
        "a:b:c",
        "nginx\n",
        "a:-x",
        "ä",
    ],
)
def test_what_is_no_name_is_refused(given):
    with pytest.raises(ValueError, match="small letters"):
        whole(given)
