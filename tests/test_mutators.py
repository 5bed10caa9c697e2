# SPDX-License-Identifier: GPL-2.0-only
"""What the operators make of C in the kernel's style."""

import unittest

from support import TOP

from ipi.measure import mutators

ONE = """\
#define TWICE(x)	((x) + (x))

static const struct ops ops = {
	.map	= map,
	.size	= 2,
};

/* if (a < b) is no code here */
static bool one(struct x *x, unsigned int n)
{
%s
}
"""


def changes(body, kind=None, head=ONE):
    """{change: the function's body after it}."""
    source = head % f"\t{body}"
    return {mutant.change: mutant.apply(source).partition("n)\n{\n\t")[2].rpartition("\n}")[0]
            for mutant in mutators.mutants(source)
            if mutant.function == "one" and kind in (None, mutant.kind)}


class Operators(unittest.TestCase):
    def expect(self, body, kind, *wanted):
        self.assertEqual(sorted(wanted), sorted(changes(body, kind).values()))

    def test_statements(self):
        self.expect("x->n = n;", "statement", ";")
        self.expect("for (;;) { f(n); break; }", "statement",
                    "for (;;) { ; break; }", "for (;;) { f(n); ; }")
        self.expect("if (n)\n\t\tgoto out;\n\tf(x);\nout:\n\tg(x);", "statement",
                    "if (n)\n\t\t;\n\tf(x);\nout:\n\tg(x);",
                    "if (n)\n\t\tgoto out;\n\t;\nout:\n\tg(x);",
                    "if (n)\n\t\tgoto out;\n\tf(x);\nout:\n\t;")

    def test_lines_keep_their_numbers(self):
        self.expect("f(x,\n\t  n);", "statement", ";\n")

    def test_declarations_stay(self):
        for line in ("struct y *y = x->y;", "unsigned int i;", "cpumask_var_t mask;",
                     "struct a *a __free(kfree) = NULL;", "u64 id = f(n);"):
            self.expect(line, "statement")

    def test_conditions(self):
        self.expect("if (x)\n\t\treturn;", "condition",
                    *(f"if ({new})\n\t\treturn;" for new in ("!(x)", "0", "1")))
        self.expect("while (x)\n\t\tf();", "condition", "while (0)\n\t\tf();")
        self.expect("do {\n\t} while (x);", "condition", "do {\n\t} while (0);")
        self.expect("for (i = n; x; i++)\n\t\tf();", "condition", "for (i = n; 0; i++)\n\t\tf();")
        self.expect("for_each_cpu(cpu, mask)\n\t\tf();", "condition", "if (0)\n\t\tf();")
        self.expect("n = x ? a : b;", "condition", "n = (a);", "n = (b);")
        self.expect("n = x ?: b;", "condition", "n = (x);", "n = (b);")

    def test_operands(self):
        self.expect("f(a && !b);", "condition", "f(a);", "f(!b);", "f(((a) || (!b)));",
                    "f(a && b);")

    def test_comparisons(self):
        self.expect("f(a < b);", "comparison", "f(a <= b);", "f(a >= b);")
        self.expect("f(a == b);", "comparison", "f(a != b);")
        self.expect("f(a->b);", "comparison")

    def test_constants(self):
        self.expect("n = 0;", "constant", "n = 1;")
        self.expect("n = x[1];", "constant", "n = x[0];", "n = x[2];")
        self.expect("n = INVALID_HWIRQ;", "constant", "n = 0;")

    def test_errors(self):
        self.expect("n = -EBUSY;", "error", "n = -EINVAL;", "n = 0;")
        self.expect("n = -EINVAL;", "error", "n = -ENOMEM;", "n = 0;")

    def test_flags(self):
        self.expect("f(A | B | C);", "flag", "f((B | C));", "f((A | C));", "f((A | B));")
        self.expect("*x = (struct x) {\n\t\t.a = b,\n\t\t.c = d,\n\t};", "flag",
                    "*x = (struct x) {\n\t\t\n\t\t.c = d,\n\t};",
                    "*x = (struct x) {\n\t\t.a = b,\n\t\t\n\t};")
        found = mutators.mutants(ONE % "\t;")
        self.assertIn(("ops", ".map = map,", ".map = map, -> (nothing)"),
                      [(mutant.function, mutant.line, mutant.change) for mutant in found])

    def test_arguments(self):
        self.expect("f(a, g(b), c);", "arguments", "f(g(b), a, c);", "f(a, c, g(b));")
        self.expect("f(a, a);", "arguments")
        self.expect("cpumask_equal(a, b);", "arguments")

    def test_operators(self):
        self.expect("n = a - b + *x;", "operator", "n = a + b + *x;", "n = a - b - *x;")
        self.expect("n &= ~x;", "operator", "n |= ~x;", "n = ~x;", "n &= x;")
        self.expect("f(&a, -b, (struct x *)c, *(u8 *)d);", "operator",
                    "f(&a, b, (struct x *)c, *(u8 *)d);")

    def test_returns(self):
        self.expect("return f(n);", "return", "return !(f(n));", "return 0;", "return 1;")

    def test_barriers(self):
        self.expect("smp_rmb();", "barrier", ";")
        self.expect("synchronize_rcu();", "barrier", ";")
        self.expect("WRITE_ONCE(x->n, n);", "barrier", "x->n = n;")
        self.expect("f(READ_ONCE(x->n));", "barrier", "f(x->n);")

    def test_locks(self):
        self.expect("guard(raw_spinlock_irqsave)(&x->lock);", "lock", ";",
                    "guard(raw_spinlock)(&x->lock);")
        self.expect("scoped_guard(mutex, &x->lock)\n\t\tf();", "lock", "\n\t\tf();")
        self.expect("mutex_lock(&x->lock);\n\tf();\n\tmutex_unlock(&x->lock);", "lock",
                    ";\n\tf();\n\tmutex_unlock(&x->lock);", "mutex_lock(&x->lock);\n\tf();\n\t;")

    def test_macros_and_comments_stay(self):
        for mutant in mutators.mutants(ONE % "\tf(n);"):
            self.assertNotIn(mutant.line, ("#define TWICE(x) ((x) + (x))",
                                           "/* if (a < b) is no code here */"))


class Names(unittest.TestCase):
    def test_the_second_of_two_has_a_number(self):
        self.assertEqual(["f(n); -> ;", "f(n); -> ; #2"],
                         list(changes("f(n);\n\tf(n);", "statement")))

    def test_a_name_does_not_hold_the_number_of_a_line(self):
        source = ONE % "\tf(n);"
        names = [[(mutant.function, mutant.line, mutant.change)
                  for mutant in mutators.mutants(text)] for text in (source, f"\n\n{source}")]
        self.assertEqual(*names)

    def test_lines(self):
        source = ONE % "\tf(n);\n\tg(n);"
        line = source[:source.index("g(n)")].count("\n") + 1
        self.assertEqual(["g(n); -> ;"],
                         [mutant.change for mutant in mutators.mutants(source, {line})])

    def test_every_function_of_the_layer_has_some(self):
        for path in ("kernel/irq/ipi.c", "kernel/irq/ipi-domain.c", "kernel/irq/ipi-fwnode.c"):
            source = (TOP / "linux" / path).read_text()
            names = {mutant.function for mutant in mutators.mutants(source)}
            self.assertIn("ipi_reserve_hwid" if "fwnode" in path else
                          "irq_set_global_ipi" if path.endswith("ipi.c") else "ipi_destroy", names)
            self.assertNotIn("", names)
