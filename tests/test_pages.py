"""The runner of pages: what it takes as told truly, and what it finds out."""

from __future__ import annotations

import pytest

from tests.pages import Story

TRUE = """
# A page

```{code-block} python
:caption: kept/count.py

print(6 * 7)
```

```sh
cd kept
python count.py
```

```text
42
```

```python
word = "whole"
```

```python
print(word, "story")
```

```text
whole ...
```

```console
$ nobody-runs-this
```
"""
FALSE = {
    "a command fails": "```sh\nfalse\ntrue\n```",
    "a command prints something else": "```sh\necho one\n```\n```text\ntwo\n```",
    "Python raises": "```python\n1 / 0\n```",
    "Python prints something else": "```python\nprint(1)\n```\n```text\n2\n```",
    "nothing prints it": "```text\nout of nowhere\n```",
    "it isn't said what to do": "```toml\na = 1\n```",
}


def tell(text, folder):
    page = folder / "page.md"
    page.write_text(text)
    Story(page, folder).tell()


def test_a_true_story_passes(tmp_path):
    tell(TRUE, tmp_path)
    assert (tmp_path / "page" / "kept" / "count.py").read_text() == "print(6 * 7)\n"


@pytest.mark.parametrize("text", FALSE.values(), ids=FALSE)
def test_a_false_one_fails_where_it_is_false(text, tmp_path):
    with pytest.raises(AssertionError, match=r"page\.md, line \d"):
        tell(text, tmp_path)


def test_a_file_needs_a_name(tmp_path):
    with pytest.raises(AssertionError, match="line 1: a code-block needs a :caption:"):
        tell("```{code-block} python\n\npass\n```", tmp_path)


WARM = """
```sh
vaekit --version
VAEKIT_DISABLE_PLUGINS=1 vaekit --version
vaekit trian || echo "exit code $?"
```

```text
vaekit, version ...
vaekit, version ...
...No such command 'trian'...
exit code 2
```

```python
import vaekit
from vaekit.plugins import discover

assert "kept" not in dir()
kept = [part.name for part in discover().registry]
vaekit.register_loss("of-a-page", lambda: None, summary="For this page.")
print("of-a-page" in kept)
```

```text
False
```
"""


def test_commands_share_a_process_and_pages_share_nothing(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        tell(WARM, tmp_path / name)
