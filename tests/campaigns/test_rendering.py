"""Templates reach what the document gives them; what they cannot print is told, and names nobody."""

from pathlib import Path

import pytest
from campaigns.documents import HTML, TEXT, templates

from perennial.campaigns.rendering import TemplateError

LINK = "{{ unsubscribe_url }}"


def test_values_are_escaped_in_html_only(tmp_path: Path) -> None:
    content = templates(tmp_path).render({"first_name": "<b>Ann & Co</b>"}, "https://u.example")
    assert content.subject == "Thank you, <b>Ann & Co</b>"
    assert "Dear &lt;b&gt;Ann &amp; Co&lt;/b&gt;," in content.html
    assert "Dear <b>Ann & Co</b>," in content.text
    assert "https://u.example" in content.html
    assert "https://u.example" in content.text


def test_a_subject_is_one_line(tmp_path: Path) -> None:
    made = templates(tmp_path)
    assert (
        made.render({"first_name": "A\r\nBcc: all@example.com"}, "u").subject
        == "Thank you, A Bcc: all@example.com"
    )
    for name in ("A\x00", "x" * 300):
        with pytest.raises(TemplateError, match="subject: it comes to"):
            made.render({"first_name": name}, "u")


@pytest.mark.parametrize(
    ("html", "text", "said"),
    [
        (
            "{{ last_name }}" + LINK,
            TEXT,
            r"thanks\.html: unknown: last_name; the document's fields: first_name",
        ),
        (HTML, "{{ first_name ", r"thanks\.txt, line 1: unexpected end of template"),
        ("{{ first_name | shout }}" + LINK, TEXT, r"thanks\.html, line 1: No filter named 'shout'"),
        ("{% include 'absent.html' %}" + LINK, TEXT, r"absent\.html: there is no such file"),
        ("{% include 'footer.html' %}" + LINK, TEXT, r"thanks\.html: unknown: shop_name"),
        ("hello", TEXT, r"thanks\.html: it has no link to unsubscribe"),
        (HTML, "hello", r"thanks\.txt: it has no link to unsubscribe"),
    ],
)
def test_what_is_wrong_is_told_when_they_are_read(tmp_path: Path, html: str, text: str, said: str) -> None:
    (tmp_path / "footer.html").write_text("{{ shop_name }}")
    with pytest.raises(TemplateError, match=f"^campaign thanks: {said}"):
        templates(tmp_path, html, text)


def test_a_subject_is_a_template_too(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="subject: unknown: city"):
        templates(tmp_path, subject="News from {{ city }}")


def test_templates_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(
        TemplateError, match=r"other\.html: there is no such file in include/campaigns/templates"
    ):
        templates(tmp_path, template="other")


def test_a_shared_layout(tmp_path: Path) -> None:
    tmp_path.joinpath("layout.html").write_text("<body>{% block main %}{% endblock %}" + LINK + "</body>")
    made = templates(tmp_path, "{% extends 'layout.html' %}{% block main %}{{ first_name }}{% endblock %}")
    assert made.render({"first_name": "A&B"}, "u").html == "<body>A&amp;Bu</body>"


FIELDS = {"first_name": "first_name", "city": "city", "offers": "offers"}


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("\n\n{{ city }}", r"line 3: it prints what has no value for somebody: city; give it a default"),
        ("{{ first_name.secret }}", r"line 1: 'str object' has no attribute 'secret'"),
        ("\n{{ first_name + 1 }}", r"line 2: TypeError for somebody"),
        ("{{ ''.__class__.__mro__ }}", "unsafe|attribute '__class__'"),
        ("{{ first_name.__init__.__globals__ }}", "unsafe|attribute '__init__'"),
    ],
)
def test_what_has_no_value_is_an_error(tmp_path: Path, html: str, said: str) -> None:
    made = templates(tmp_path, html + LINK, fields=FIELDS)
    with pytest.raises(TemplateError, match=said) as error:
        made.render({"first_name": "Mallory", "city": None, "offers": []}, "u")
    assert "Mallory" not in str(error.value)


def test_it_may_be_asked_for(tmp_path: Path) -> None:
    made = templates(
        tmp_path, "{% if city %}from {{ city }}{% else %}from nowhere{% endif %}" + LINK, fields=FIELDS
    )
    assert made.render({"first_name": "Ann", "city": None, "offers": 1}, "u").html == "from nowhereu"
