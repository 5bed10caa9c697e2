# SPDX-License-Identifier: GPL-2.0-only
"""What can be broken in a file of C: each change that one of the operators below makes.

Of the packaged tools none does this: universalmutator's regular expressions know neither
statements nor operands, and it is not in Debian; mull and dextool are not either, and
want the kernel's own build done by clang; and coccinelle, which is there, gives up the
functions whose macros it cannot parse (scoped_guard(), for_each_ipi_hwirq()), changes all
places at once unless each has a rule of its own, and knows no boundaries. So the
statements and expressions of the kernel's style are parsed here, which is little, and
the compiler decides what of the outcome is C.
"""

import bisect
import dataclasses
import re
from collections import Counter

# What is written instead, one mutant each
COMPARISONS = {"<": ["<=", ">="], ">": [">=", "<="], "<=": ["<", ">"], ">=": [">", "<"],
               "==": ["!="], "!=": ["=="]}
OPERATORS = {"+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"], "<<": [">>"],
             ">>": ["<<"], "++": ["--"], "--": ["++"], "+=": ["-="], "-=": ["+="],
             "&=": ["|=", "="], "|=": ["&=", "="]}
CONSTANTS = {"true": ["false"], "false": ["true"], "INVALID_HWIRQ": ["0"],
             "cpu_none_mask": ["cpu_all_mask"], "cpu_all_mask": ["cpu_none_mask"],
             "cpu_possible_mask": ["cpu_none_mask", "cpu_online_mask"],
             "cpu_online_mask": ["cpu_possible_mask"]}
ERRORS = {"EINVAL": "ENOMEM"}
OTHER_ERROR = "EINVAL"
# Without them the compiler or a CPU may do as they like: {call: what is left of its arguments}
ORDERED = {"READ_ONCE": "{0}", "WRITE_ONCE": "{0} = {1}", "rcu_assign_pointer": "{0} = {1}",
           "smp_store_release": "*({0}) = {1}", "smp_load_acquire": "*({0})",
           "kfree_rcu": "kfree({0})"}
# The same whichever argument comes first
SYMMETRIC = {"scoped_guard", "cpumask_equal", "cpumask_intersects"}
BARRIER = re.compile(r"(smp_|dma_|io_)?[rw]?mb\b|barrier\b|sync\w*\b|synchronize_\w+|\w+_sync\b"
                     r"|smp_\w*mb\w*")
LOCK = re.compile(r"(\w+_)?(spin_|mutex_|read_|write_)?(try)?(un)?lock(_\w+)?\b|guard\b"
                  r"|lockdep_\w+|preempt_\w+|local_irq_\w+|cpus_read_\w+")
IRQ_SAFE = {"raw_spinlock_irqsave": "raw_spinlock", "spinlock_irqsave": "spinlock"}

_TOKEN = re.compile(r"""
    (?P<skip>\s+|/\*.*?\*/|//[^\n]*|^\#(?:[^\n\\]|\\.)*$|\\\n)
  | (?P<string>L?"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<sign>->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\.\.\.|.)
""", re.X | re.M | re.S)
_OPEN = {"(": ")", "[": "]", "{": "}"}
_TYPES = {"struct", "union", "enum", "unsigned", "signed", "int", "long", "char", "short", "bool",
          "void", "const", "static", "extern", "volatile", "register", "typeof", "__typeof__"}
_ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="}
_LEVELS = [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", ">", "<=", ">="],
           ["<<", ">>"], ["+", "-"], ["*", "/", "%"]]


@dataclasses.dataclass(frozen=True)
class Mutant:
    """
    function: or the structure with an initializer
    line:     what stands where the change begins
    change:   "what was -> what is"
    kind:     which operator made it
    start, end, new: the change itself
    body:     what is between the braces of the function, as (start, end)
    """
    function: str
    line: str
    change: str
    kind: str
    start: int
    end: int
    new: str
    body: tuple = (0, 0)

    def apply(self, source):
        """The lines keep their numbers, which WARN_ON() and the like put into the code."""
        lost = source.count("\n", self.start, self.end) - self.new.count("\n")
        return source[:self.start] + self.new + "\n" * lost + source[self.end:]

    def mutated_body(self, source):
        start, end = self.body
        return source[start:self.start] + self.new + source[self.end:end]


@dataclasses.dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def _squeeze(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    return re.sub(r"\s+", " ", text).strip()


class _File:
    """A source and the mutants found so far."""

    def __init__(self, source):
        self.source = source
        self.tokens = [_Token(match.lastgroup, match[0], match.start(), match.end())
                       for match in _TOKEN.finditer(source) if match.lastgroup != "skip"]
        self.close = self._pairs()
        self.found = []
        self.function = ""
        self.bool = False
        self.body = (0, 0)
        self._lines = [0, *(at.end() for at in re.finditer(r"\n", source))]

    def _pairs(self):
        """{index of an opening bracket: index of its partner}."""
        stack, close = [], {}
        for i, token in enumerate(self.tokens):
            if token.text in _OPEN and token.kind == "sign":
                stack.append(i)
            elif token.text in _OPEN.values() and token.kind == "sign" and stack:
                close[stack.pop()] = i
        return close

    def word(self, i):
        return self.tokens[i].text if i < len(self.tokens) else ""

    def text(self, first, end):
        """Of the tokens from @first to before @end."""
        return self.source[self.tokens[first].start:self.tokens[end - 1].end] if first < end else ""

    def add(self, kind, first, end, new, shown=None):
        """@new in place of the tokens from @first to before @end."""
        start, stop = self.tokens[first].start, self.tokens[end - 1].end
        at = bisect.bisect_right(self._lines, start) - 1
        line = _squeeze(self.source[self._lines[at]:].partition("\n")[0])
        old = _squeeze(self.source[start:stop])
        self.found.append(Mutant(self.function, line, f"{old} -> {_squeeze(shown or new)}", kind,
                                 start, stop, new, self.body))

    # Expressions: tokens from @first to before @end

    def _at_top(self, first, end, words):
        """The binary ones of the signs @words which are in no bracket."""
        found, i = [], first
        while i < end:
            token = self.tokens[i]
            if i in self.close:
                i = self.close[i]
            elif token.kind == "sign" and token.text in words and self._is_binary(i, first, end):
                found.append(i)
            i += 1
        return found

    def _is_binary(self, i, first, end):
        if self.word(i) not in ("-", "+", "*", "&"):
            return True
        if i == first or i + 1 >= end:
            return False
        if self.word(i) == "*" and self.word(i + 1) in (")", ",", "*"):
            return False
        before = self.tokens[i - 1]
        if before.text == ")":
            return not self._is_cast(i - 1)
        return before.kind in ("name", "number", "string") and before.text != "return" or \
            before.text == "]"

    def _is_cast(self, close):
        """Whether the brackets that end at @close hold a type."""
        opening = next(i for i, partner in self.close.items() if partner == close)
        words = [self.word(i) for i in range(opening + 1, close)]
        return bool(words) and (words[0] in _TYPES or words[-1] == "*" or
                                bool(re.fullmatch(r"\w+_t|u\d+", words[0])))

    def _parts(self, first, end, signs):
        """The operands between @signs, as (first, end)."""
        starts = [first, *(i + 1 for i in signs)]
        return list(zip(starts, [*signs, end]))

    def expression(self, first, end):
        if first >= end:
            return
        if self.word(first) == "(" and self.close.get(first) == end - 1:
            self.expression(first + 1, end - 1)
            return
        signs = self._at_top(first, end, _ASSIGNMENTS)
        if signs:
            self._sign(OPERATORS, "operator", signs[0])
            self.expression(first, signs[0])
            self.expression(signs[0] + 1, end)
            return
        question = self._at_top(first, end, {"?"})
        if question:
            self._ternary(first, question[0], end)
            return
        for words in _LEVELS:
            signs = self._at_top(first, end, set(words))
            if signs:
                self._binary(first, end, signs)
                return
        self._unary(first, end)

    def _ternary(self, first, question, end):
        depth, colon = 0, question + 1
        while depth or self.word(colon) != ":":
            depth += {"?": 1, ":": -1}.get(self.word(colon), 0)
            colon = self.close.get(colon, colon) + 1
        if colon > question + 1:
            self.add("condition", first, end, f"({self.text(question + 1, colon)})")
            self.expression(question + 1, colon)
        else:
            self.add("condition", first, end, f"({self.text(first, question)})")
        self.add("condition", first, end, f"({self.text(colon + 1, end)})")
        self.expression(first, question)
        self.expression(colon + 1, end)

    def _binary(self, first, end, signs):
        word = self.word(signs[0])
        parts = self._parts(first, end, signs)
        if word in ("&&", "||", "|"):
            kind = "flag" if word == "|" else "condition"
            for part in parts:
                others = [self.text(*other) for other in parts if other != part]
                new = f" {word} ".join(others)
                self.add(kind, first, end, f"({new})" if len(others) > 1 else new)
            if word != "|":
                other = "||" if word == "&&" else "&&"
                new = f" {other} ".join(f"({self.text(*part)})" for part in parts)
                self.add("condition", first, end, f"({new})")
        elif word == "&":
            for part in parts:
                self.add("flag", first, end, self.text(*part))
        for sign in signs:
            self._sign(COMPARISONS, "comparison", sign)
            self._sign(OPERATORS, "operator", sign)
        for part in parts:
            self.expression(*part)

    def _sign(self, table, kind, i):
        for new in table.get(self.word(i), []):
            self.add(kind, i, i + 1, new)

    def _unary(self, first, end):
        word = self.word(first)
        if word in ("!", "~"):
            self.add("condition" if word == "!" else "operator", first, end,
                     self.text(first + 1, end))
            self.expression(first + 1, end)
        elif word == "-" and re.fullmatch(r"E[A-Z]+", self.word(first + 1)) and end == first + 2:
            other = ERRORS.get(self.word(first + 1), OTHER_ERROR)
            self.add("error", first, end, f"-{other}")
            self.add("error", first, end, "0")
        elif word == "-":
            self.add("operator", first, end, self.text(first + 1, end))
            self.expression(first + 1, end)
        elif word in ("*", "&", "++", "--"):
            if word in ("++", "--"):
                self._sign(OPERATORS, "operator", first)
            self.expression(first + 1, end)
        elif word == "(" and self._is_cast(self.close[first]):
            if self.word(self.close[first] + 1) != "{":
                self.expression(self.close[first] + 1, end)
            else:
                self.initializer(self.close[first] + 1)
        elif self.word(first) not in ("sizeof", "struct_size", "typeof"):
            self._postfix(first, end)

    def _postfix(self, first, end):
        for i in range(first, end):
            token = self.tokens[i]
            inside = [k for k in range(first, i) if k in self.close and self.close[k] > i]
            if inside:
                continue
            if i in self.close and token.text == "(":
                self._call(first, i)
            elif i in self.close and token.text == "[":
                self.expression(i + 1, self.close[i])
            elif token.text in ("++", "--"):
                self._sign(OPERATORS, "operator", i)
            elif token.kind == "number":
                self._number(i)
            elif token.text in CONSTANTS and self.word(i + 1) != "(":
                for new in CONSTANTS[token.text]:
                    self.add("constant", i, i + 1, new)

    def _number(self, i):
        digits = self.word(i).rstrip("uUlL")
        value = int(digits, 8 if re.fullmatch(r"0\d+", digits) else 0)
        for new in {value + 1, max(value - 1, 0)} - {value}:
            self.add("constant", i, i + 1, str(new))

    def arguments(self, opening):
        """[(first, end)] of what stands between the brackets."""
        close = self.close[opening]
        commas = self._at_top(opening + 1, close, {","})
        return self._parts(opening + 1, close, commas) if close > opening + 1 else []

    def _call(self, first, opening):
        parts = self.arguments(opening)
        name = self.word(opening - 1) if opening > first else ""
        texts = [self.text(*part) for part in parts]
        if name in ORDERED:
            self.add("barrier", opening - 1, self.close[opening] + 1,
                     ORDERED[name].format(*texts))
        for one, two in zip(parts, parts[1:]):
            if name and self.text(*one) != self.text(*two) and name not in SYMMETRIC:
                between = self.source[self.tokens[one[1] - 1].end:self.tokens[two[0]].start]
                self.add("arguments", one[0], two[1],
                         f"{self.text(*two)}{between}{self.text(*one)}")
        for part in parts:
            self.expression(*part)

    # Statements; each returns the index after its end

    def block(self, i):
        end = self.close[i]
        i += 1
        while i < end:
            i = self.statement(i)
        return end + 1

    def _until(self, i, word=";"):
        while self.word(i) != word:
            i = self.close.get(i, i) + 1
        return i

    def _condition(self, opening):
        first, end = opening + 1, self.close[opening]
        old = self.text(first, end)
        self.add("condition", first, end, f"!({old})")
        self.add("condition", first, end, "1")
        self.add("condition", first, end, "0")
        self.expression(first, end)

    def _loop(self, opening):
        """A loop which does not end shows nothing that one which never runs does not."""
        first, end = opening + 1, self.close[opening]
        signs = self._at_top(first, end, {";"})
        parts = self._parts(first, end, signs)
        if len(parts) == 3:
            if parts[0][0] < parts[0][1] and self.word(parts[0][0]) in _TYPES:
                self._declaration(parts[0][0], parts[0][1])
            else:
                self.expression(*parts[0])
            if parts[1][0] < parts[1][1]:
                self.add("condition", *parts[1], "0")
                self.expression(*parts[1])
            self.expression(*parts[2])
        else:
            self.add("condition", first, end, "0")
            self.expression(first, end)

    def statement(self, i):
        word = self.word(i)
        if word == "{":
            return self.block(i)
        if word == "if":
            return self._if(i)
        if word in ("for", "while", "switch"):
            if word == "switch":
                self.expression(i + 2, self.close[i + 1])
            else:
                self._loop(i + 1)
            return self.statement(self.close[i + 1] + 1)
        if word == "do":
            after = self.statement(i + 1)
            self._loop(after + 1)
            return self._until(after) + 1
        if word == "else":
            return self.statement(i + 1)
        if word in ("case", "default"):
            return self._until(i, ":") + 1
        if self.tokens[i].kind == "name" and self.word(i + 1) == ":":
            return i + 2
        if word == "return":
            return self._return(i)
        if word in ("goto", "break", "continue"):
            end = self._until(i) + 1
            self.add("statement", i, end, ";")
            return end
        return self._plain(i)

    def _if(self, i):
        self._condition(i + 1)
        after = self.statement(self.close[i + 1] + 1)
        return self.statement(after + 1) if self.word(after) == "else" else after

    def _return(self, i):
        end = self._until(i)
        self.add("statement", i, end + 1, ";")
        if end > i + 1:
            text = self.text(i + 1, end)
            if self.bool:
                self.add("return", i + 1, end, f"!({text})")
            for new in ("0", "1") if self.bool else ("0",):
                if text not in (new, "true", "false") and not re.fullmatch(r"-E[A-Z]+", text):
                    self.add("return", i + 1, end, new)
            self.expression(i + 1, end)
        return end + 1

    def _kind_of(self, i):
        word = self.word(i)
        if BARRIER.fullmatch(word):
            return "barrier"
        return "lock" if LOCK.fullmatch(word) else "statement"

    def _plain(self, i):
        """A declaration, an expression, or a macro before a statement."""
        word, opening = self.word(i), i + 1
        called = self.tokens[i].kind == "name" and self.word(opening) == "("
        if called and (self.word(self.close[opening] + 1) == "{" or
                       self.tokens[self.close[opening] + 1].kind == "name"):
            return self._macro(i)
        end = self._until(i)
        if self._is_declaration(i):
            self._declaration(i, end)
        elif end > i:
            self.add(self._kind_of(i), i, end + 1, ";")
            if word == "guard":
                self._irq_safe(opening)
            self.expression(i, end)
        return end + 1

    def _irq_safe(self, opening):
        old = self.word(opening + 1)
        if old in IRQ_SAFE:
            self.add("lock", opening + 1, opening + 2, IRQ_SAFE[old])

    def _macro(self, i):
        """A loop over something, or a scoped_guard()."""
        close = self.close[i + 1]
        if self.word(i) == "scoped_guard":
            self.add("lock", i, close + 1, "")
            self._irq_safe(i + 1)
        else:
            self.add("condition", i, close + 1, "if (0)")
            for part in self.arguments(i + 1):
                self.expression(*part)
        return self.statement(close + 1)

    def _is_declaration(self, i):
        if self.word(i) in _TYPES:
            return True
        if self.tokens[i].kind != "name":
            return False
        after = i + 1
        while self.word(after) in ("*", "const", "__rcu", "__iomem"):
            after += 1
        return self.tokens[after].kind == "name" and self.word(after + 1) in ("=", ";", ",", "[")

    def _declaration(self, i, end):
        """Of each declarator what stands behind its "="."""
        for part in self._parts(i, end, self._at_top(i, end, {","})):
            equals = self._at_top(*part, {"="})
            if not equals:
                continue
            if self.word(equals[0] + 1) == "{":
                self.initializer(equals[0] + 1)
            else:
                self.expression(equals[0] + 1, part[1])

    def initializer(self, opening):
        """Members which are named go one by one."""
        for first, end in self.arguments(opening):
            if first >= end or self.word(first) != ".":
                continue
            after = end + 1 if self.word(end) == "," else end
            self.add("flag", first, after, "", "(nothing)")
            equals = self._at_top(first, end, {"="})
            if equals and self.word(equals[0] + 1) != "{":
                self.expression(equals[0] + 1, end)

    # The file

    def _name_of(self, opening):
        """(name, whether it returns a bool) of the function whose body begins there."""
        start = opening
        while start and self.word(start - 1) not in (";", "}"):
            start -= 1
        head = range(start, opening)
        for i in head:
            if self.word(i) == "(" and self.tokens[i - 1].kind == "name":
                words = {self.word(k) for k in range(start, i)}
                return self.word(i - 1), "bool" in words
        return "", False

    def _wanted(self, i, lines):
        """Whether the block at @i has one of @lines; None is all."""
        if lines is None:
            return True
        first, last = (bisect.bisect_right(self._lines, self.tokens[at].start)
                       for at in (i, self.close[i]))
        return any(first <= line <= last for line in lines)

    def walk(self, lines=None):
        i = 0
        while i < len(self.tokens):
            token = self.tokens[i]
            if token.text != "{" or i not in self.close or not self._wanted(i, lines):
                i = self.close.get(i, i) + 1
                continue
            self.body = token.start, self.tokens[self.close[i]].end
            column = token.start - self._lines[bisect.bisect_right(self._lines, token.start) - 1]
            if column == 0:
                self.function, self.bool = self._name_of(i)
                if self.function:
                    self.block(i)
            elif self.word(i - 1) == "=":
                self.function = next((self.word(k) for k in range(i - 2, 0, -1)
                                      if self.tokens[k].kind == "name"), "")
                self.initializer(i)
            i = self.close[i] + 1
        return self.found


def _numbered(mutants):
    """Twice the same change on the same line of a function: the second one gets a number."""
    seen = Counter()
    for mutant in mutants:
        key = (mutant.function, mutant.line, mutant.change)
        seen[key] += 1
        if seen[key] > 1:
            mutant = dataclasses.replace(mutant, change=f"{mutant.change} #{seen[key]}")
        yield mutant


def mutants(source, lines=None):
    """All of @source, or of its @lines, in order."""
    found = {}
    for mutant in _File(source).walk(lines):
        first = source.count("\n", 0, mutant.start) + 1
        if lines is None or first in lines:
            found.setdefault((mutant.start, mutant.end, mutant.new), mutant)
    ordered = sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end))
    return list(_numbered(ordered))
