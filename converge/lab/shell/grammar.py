"""From tokens to a script: lists, pipelines, simple commands, for and if."""

from __future__ import annotations

from dataclasses import replace

from converge.lab.shell.syntax import (
    KEYWORDS,
    NAME,
    Command,
    For,
    If,
    Part,
    Pipeline,
    Redirect,
    Script,
    Simple,
    SyntaxTrouble,
    Token,
    Word,
    tokens,
)

SEPARATORS = (";", "\n")
JOINTS = {";": ";", "\n": ";", "&&": "&&", "||": "||"}
REDIRECTIONS = (">", ">>", "<", ">&")


class _Reader:
    """The tokens that are still to be read."""

    def __init__(self, line: str) -> None:
        self.left = tokens(line)

    def peek(self) -> Token | None:
        return self.left[0] if self.left else None

    def at(self, *plain: str) -> bool:
        """Whether the next one is one of these bare words."""
        return bool(self.left) and self.left[0].plain in plain and bool(self.left[0].word)

    def operator(self, *wanted: str) -> bool:
        return bool(self.left) and self.left[0].operator in wanted

    def take(self) -> Token:
        if not self.left:
            raise SyntaxTrouble("end of file unexpected")
        return self.left.pop(0)

    def expect(self, plain: str) -> None:
        if not self.at(plain):
            raise SyntaxTrouble(f'{self.shown()} unexpected (expecting "{plain}")')
        self.take()

    def skip_separators(self) -> None:
        while self.operator(*SEPARATORS):
            self.take()

    def shown(self) -> str:
        token = self.peek()
        return f'"{token.operator or token.plain}"' if token else "end of file"


def parse(line: str) -> Script:
    """A whole line or script. Raises SyntaxTrouble for what the small sh does not know."""
    reader = _Reader(line)
    script = _list(reader, ())
    if reader.left:
        raise SyntaxTrouble(f"{reader.shown()} unexpected")
    return script


def _list(reader: _Reader, ends: tuple[str, ...]) -> Script:
    """Pipelines up to one of the keywords in `ends`, which is left for the caller."""
    found: list[Pipeline] = []
    joint = ";"
    reader.skip_separators()
    while reader.left and not reader.at(*ends):
        if reader.operator(")", ";;"):
            break
        found.append(replace(_pipeline(reader), joint=joint))
        if not reader.operator(*JOINTS):
            break
        joint = JOINTS[reader.take().operator]
        reader.skip_separators()
    if reader.operator("&"):
        raise SyntaxTrouble("background jobs are not simulated")
    return tuple(found)


def _pipeline(reader: _Reader) -> Pipeline:
    negated = reader.at("!")
    if negated:
        reader.take()
    commands = [_command(reader)]
    while reader.operator("|"):
        reader.take()
        commands.append(_command(reader))
    return Pipeline(";", tuple(commands), negated)


def _command(reader: _Reader) -> Command:
    if reader.at("for"):
        return _for(reader)
    if reader.at("if"):
        reader.take()
        return _if(reader)
    if reader.at("while", "until", "case", "{", "function") or reader.operator("("):
        raise SyntaxTrouble(f"{reader.shown()} is not simulated")
    if reader.at(*KEYWORDS):
        raise SyntaxTrouble(f"{reader.shown()} unexpected")
    return _simple(reader)


def _for(reader: _Reader) -> For:
    reader.take()
    name = reader.take().plain
    reader.expect("in")
    words: list[Word] = []
    while reader.left and not reader.operator(*SEPARATORS):
        words.append(reader.take().word)
    reader.skip_separators()
    reader.expect("do")
    body = _list(reader, ("done",))
    reader.expect("done")
    return For(name, tuple(words), body)


def _if(reader: _Reader) -> If:
    condition = _list(reader, ("then",))
    reader.expect("then")
    body = _list(reader, ("else", "elif", "fi"))
    if reader.at("elif"):
        reader.take()
        return If(condition, body, (Pipeline(";", (_if(reader),)),))
    other: Script = ()
    if reader.at("else"):
        reader.take()
        other = _list(reader, ("fi",))
    reader.expect("fi")
    return If(condition, body, other)


def _simple(reader: _Reader) -> Simple:
    assigned: list[tuple[str, Word]] = []
    words: list[Word] = []
    redirects: list[Redirect] = []
    while reader.left:
        if reader.operator(*REDIRECTIONS):
            redirects.append(_redirect(reader))
            continue
        if reader.left[0].operator:
            break
        token = reader.take()
        pair = None if words else _assignment(token.word)
        if pair is not None:
            assigned.append(pair)
        else:
            words.append(token.word)
    if not (assigned or words or redirects):
        raise SyntaxTrouble(f"{reader.shown()} unexpected")
    return Simple(tuple(assigned), tuple(words), tuple(redirects))


def _redirect(reader: _Reader) -> Redirect:
    token = reader.take()
    target = reader.take()
    if not target.word:
        raise SyntaxTrouble("a redirection needs a file")
    fd = token.fd if token.fd is not None else 0 if token.operator == "<" else 1
    return Redirect(fd, token.operator, target.word)


def _assignment(word: Word) -> tuple[str, Word] | None:
    """`NAME=...` at the beginning of a command."""
    text = ""
    for at, part in enumerate(word):
        if part.kind != "text" or part.quoted:
            return None
        if part.text == "=":
            rest = word[at + 1 :] or (Part("text", "", quoted=True),)
            return (text, rest) if NAME.fullmatch(text) else None
        text += part.text
    return None
