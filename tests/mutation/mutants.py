"""The mutants of a C source: what each is called, and its text. They are made from the tokens.

What a mutant is called holds while its line, and the function around it, stay as they are:

    file :: function :: the line :: old -> new      and " #2" for the second that reads the same
"""
import re

TOKEN = re.compile(r"""
    (?P<skip>\s+ | /\*.*?\*/ | ^\#[ ]*define[ ]+\w+(\([^)]*\))? | ^\#(?:[^\n\\]|\\.)*)
  | (?P<string>"(?:[^"\\]|\\.)*") | (?P<char>'(?:[^'\\]|\\.)+')
  | (?P<number>\d\w*) | (?P<word>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|\+\+|--|->|&&|\|\||<<|>>|[-+*/%&|^<>=!]=|.)
""", re.X | re.S | re.M)

SWAP = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
        "+": "-", "-": "+", "*": "/", "/": "*", "%": "/", "&": "|", "|": "&", "^": "|",
        "<<": ">>", ">>": "<<", "+=": "-=", "-=": "+=", "*=": "/=", "/=": "*=", "|=": "&=",
        "&=": "|=", "<<=": ">>=", "++": "--", "--": "++"}
KEYWORDS = set("if else for while do switch case default return sizeof "
               "const static inline struct enum typedef unsigned char int size_t void".split())


class Mutant:
    def __init__(self, file, line, key, text):
        self.file, self.line, self.key, self.text = file, line, key, text


class Token:
    def __init__(self, match):
        self.kind, self.text = match.lastgroup, match.group()
        self.start, self.end = match.span()


def partners(tokens):
    """Which bracket belongs to which."""
    match, open_ones = {}, []
    for i, token in enumerate(tokens):
        if token.kind == "op" and token.text in "([{":
            open_ones.append(i)
        elif token.kind == "op" and token.text in ")]}" and open_ones:
            match[i] = open_ones.pop()
            match[match[i]] = i
    return match


def other_constants(token):
    """What a number, a character or a string is changed to."""
    if token.kind == "number":
        value, suffix = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)(\w*)", token.text).groups()
        return ["%d%s" % (int(value, 0) + 1, suffix), "(%d%s)" % (int(value, 0) - 1, suffix)]
    if token.kind == "char":
        return ["(%s + 1)" % token.text, "(%s - 1)" % token.text]
    units = re.findall(r"\\[0-7]{1,3}|\\.|[^\\]", token.text[1:-1])
    return ['"%s?"' % "".join(units[:-1])] if units else []


def operand(tokens, match, i, step):
    """The first and last token of the operand on one side of an && or ||."""
    stops = set("&& || = ? : , ; return ( ) { } [ ]".split())
    if tokens[i].text == "||":
        stops.discard("&&")
    j = i + step
    while tokens[j].text not in stops or (j in match and (match[j] - j) * step > 0):
        j = match.get(j, j) + step
    return (j + 1, i - 1) if step < 0 else (i + 1, j - 1)


def end_of_statement(tokens, match, i):
    """The last token of the statement that begins at i, if it is an expression or a jump."""
    if tokens[i].text in KEYWORDS or tokens[i].text in ("{", "}", ";") or i + 2 >= len(tokens):
        return None
    following = tokens[i + 1]
    if following.kind == "word" or (following.text == "*" and tokens[i + 2].kind == "word"):
        return None  # a declaration
    while i < len(tokens) and tokens[i].text not in (";", ":", "}", ","):
        i = match.get(i, i) + 1
    return i - 1 if i < len(tokens) and tokens[i].text == ";" else None


def edits(source):
    """All changes of a source: where from, where to, by what, and what that is called."""
    tokens = [t for t in map(Token, TOKEN.finditer(source)) if t.kind != "skip"]
    match = partners(tokens)
    heads = set()  # the brackets that end if (...), while (...), for (...)

    def replace(first, last, new, old=None):
        start, end = tokens[first].start, tokens[last].end
        old = old or re.sub(r"\s+", " ", source[start:end])
        return start, end, new, "%s -> %s" % (old, new or "nothing")

    for i, token in enumerate(tokens):
        text = token.text
        before = tokens[i - 1].text if i > 0 else ""
        if token.kind in ("number", "char", "string"):
            for new in other_constants(token):
                yield replace(i, i, new)
        elif text in ("++", "--") or (
                text in SWAP and source[token.start - 1].isspace() and source[token.end].isspace()):
            yield replace(i, i, SWAP[text])
        elif text in ("!", "~"):
            yield replace(i, i, "")
        if text in ("&&", "||"):
            for step in (-1, 1):
                yield replace(*operand(tokens, match, i, step), "1" if text == "&&" else "0")
        if text == "?":
            yield replace(i, i, "|| 1 ?")
            yield replace(i, i, "&& 0 ?")
        if text in ("if", "while", "for"):
            last = match[i + 1]
            heads.add(last)
            if text == "for":
                first, second = [j for j in range(i, last) if tokens[j].text == ";"]
                if second > first + 1:
                    yield replace(first + 1, second - 1, "0")
            else:
                yield replace(i + 2, last - 1, "0")
                if text == "if":
                    yield replace(i + 2, last - 1, "1")
        if text == "return" and tokens[i + 1].text != ";":
            last = next(j for j in range(i, len(tokens)) if tokens[j].text == ";") - 1
            yield replace(i + 1, last, "0")
            yield replace(i + 1, last, "1")
        if before in (";", "{", "}", "else", "do") or i - 1 in heads:
            last = end_of_statement(tokens, match, i)
            if last is not None:
                yield replace(i, last, "", "statement")


def functions_of(lines):
    """The function that each line is in, or "-". A body is between braces that stand alone at the
    beginning of their lines."""
    names, name = [], "-"
    for n, line in enumerate(lines):
        if line == "{":
            head = n
            while lines[head - 1].strip() and not lines[head - 1].endswith(("*/", "}")):
                head -= 1
            name = re.search(r"(\w+)\(", " ".join(lines[head:n])).group(1)
        names.append(name)
        if line == "}":
            name = "-"
    return names


def mutants_of(file, source):
    lines = source.split("\n")
    functions = functions_of(lines)
    count, texts = {}, {source}
    for start, end, new, what in edits(source):
        text = source[:start] + new + source[end:]
        line = source.count("\n", 0, start)
        if text in texts or (functions[line] == "-" and what.startswith("statement")):
            continue
        texts.add(text)
        key = " :: ".join([file, functions[line], lines[line].strip(), what])
        count[key] = count.get(key, 0) + 1
        yield Mutant(file, line + 1, key if count[key] == 1 else "%s #%d" % (key, count[key]), text)
