"""Rewrites Python files: what the child process does. libcst keeps every character that no change is about.

libcst's parser is native code that ends its process on deep nesting, so it never runs in Stopper's own.
Run as a module it reads pickled jobs from its parent and answers one line of JSON for each.
"""

from __future__ import annotations

import ast
import json
import pickle  # only from the parent process
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

from stopper.fix.imports import with_import, without_imports
from stopper.fix.jobs import Answer, Job
from stopper.rewrite import After, Argument, Before, Change, Decorate, Import, Remove, Replace

_Place = tuple[int, int]
_Stretch = tuple[_Place, _Place]
_ATOMS = (
    *(cst.Call, cst.Name, cst.Attribute, cst.Subscript, cst.SimpleString, cst.FormattedString, cst.Integer, cst.Float),
    *(cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp, cst.ConcatenatedString),
)
"""Expressions that no neighbour can pull apart."""


class NotFoundError(Exception):
    """What a change is about does not stand where the change says."""


def rewritten(job: Job) -> Answer:
    """Return the file's text with every group of changes that can be made; a group is made whole or not at all."""
    try:
        return Answer(_changed(job.text, job.groups, job.own))
    except Exception:  # one group's fault: find which, and keep the others
        return _one_by_one(job)


def _one_by_one(job: Job) -> Answer:
    kept: list[Sequence[Change]] = []
    refused: dict[int, str] = {}
    text = job.text
    for number, group in enumerate(job.groups):
        try:
            text = _changed(job.text, [*kept, group], job.own)
            kept.append(group)
        except Exception as error:  # whatever libcst raises for what cannot be put together
            refused[number] = str(error) if isinstance(error, NotFoundError) else type(error).__name__
    return Answer(text, refused)


def _changed(text: str, groups: Iterable[Sequence[Change]], own: frozenset[str]) -> str:
    """Return the changed text. Raises NotFoundError, or whatever the parsers raise for what is no Python then."""
    changes = list(dict.fromkeys(change for group in groups for change in group))
    module = cst.parse_module(text)
    edits = [change for change in changes if not isinstance(change, Import)]
    if edits:
        rewriter = _Rewriter(edits, module)
        module = MetadataWrapper(module, unsafe_skip_copy=True).visit(rewriter)
        if rewriter.left:
            raise NotFoundError("what is to be changed does not stand where it was found")
    module = without_imports(module, _unused(text, module.code)) if edits else module
    for change in changes:
        if isinstance(change, Import):
            module = with_import(module, change.text, own)
    compile(module.code, "changed", "exec", dont_inherit=True)
    return module.code


def _unused(before: str, after: str) -> frozenset[str]:
    """Return the names that were used and are no more: what imported them for that use has none.

    A name that stands anywhere but in an import, in a text or a comment too (`__all__`, an annotation), is kept.
    """
    used = {node.id for node in ast.walk(ast.parse(before)) if isinstance(node, ast.Name)}
    tree = ast.parse(after)
    lines = after.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return frozenset(used - set(re.findall(r"\w+", "\n".join(lines))))


@dataclass
class _Statement:
    """What is done around one statement, found by where it begins."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    removed: bool = False


class _Rewriter(cst.CSTTransformer):
    """Makes all changes of one file in one walk, inner ones first."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, changes: Sequence[Change], module: cst.Module) -> None:
        super().__init__()
        self.config = module.config_for_parsing
        self.left = set(changes)
        self.replaced: dict[_Stretch, Replace] = {}
        self.arguments: dict[_Stretch, list[Argument]] = {}
        self.decorated: dict[_Place, list[Decorate]] = {}
        self.around: dict[_Place, list[Before | After | Remove]] = {}
        for change in changes:
            if isinstance(change, Replace):
                self.replaced[change.span.start, change.span.end] = change
            elif isinstance(change, Argument):
                self.arguments.setdefault((change.span.start, change.span.end), []).append(change)
            elif isinstance(change, Decorate):
                self.decorated.setdefault(change.span.start, []).append(change)
            elif isinstance(change, Before | After | Remove):
                self.around.setdefault(change.span.start, []).append(change)

    def on_leave(
        self, original_node: cst.CSTNodeT, updated_node: cst.CSTNodeT
    ) -> cst.CSTNodeT | cst.RemovalSentinel | cst.FlattenSentinel[cst.CSTNodeT]:
        """Change an expression, a call's arguments, a definition's decorators or the statements of a block."""
        changed: cst.CSTNode = updated_node
        if isinstance(original_node, cst.BaseExpression):
            changed = self._expression(original_node, cast(cst.BaseExpression, updated_node))
        elif isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            changed = self._definition(original_node, cast("cst.FunctionDef | cst.ClassDef", updated_node))
        elif isinstance(original_node, cst.Module | cst.IndentedBlock):
            changed = self._block(original_node, cast("cst.Module | cst.IndentedBlock", updated_node))
        elif isinstance(original_node, cst.SimpleStatementSuite):
            changed = self._suite(original_node, cast(cst.SimpleStatementSuite, updated_node))
        return cast(cst.CSTNodeT, changed)

    def _stretch(self, node: cst.CSTNode) -> _Stretch:
        found: CodeRange = self.get_metadata(PositionProvider, node)
        return (found.start.line, found.start.column), (found.end.line, found.end.column)

    # ----------------------------------------------------------------------- expressions

    def _expression(self, original: cst.BaseExpression, updated: cst.BaseExpression) -> cst.BaseExpression:
        stretch = self._stretch(original)
        if isinstance(updated, cst.Call):
            for change in self.arguments.get(stretch, ()):
                updated = _with_argument(updated, change, self.config)
                self.left.discard(change)
        replace = self.replaced.get(stretch)
        if replace is None:
            return updated
        self.left.discard(replace)
        new = cst.parse_expression(replace.text, config=self.config)
        if original.lpar:
            return new.with_changes(lpar=[*original.lpar, *new.lpar], rpar=[*new.rpar, *original.rpar])
        if new.lpar or not self._needs_parentheses(original, new):
            return new
        return new.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])

    def _needs_parentheses(self, original: cst.BaseExpression, new: cst.BaseExpression) -> bool:
        parent = self.get_metadata(ParentNodeProvider, original)
        if isinstance(new, _ATOMS):
            return isinstance(parent, cst.Attribute) and isinstance(new, cst.Integer | cst.Float)
        negated = isinstance(new, cst.UnaryOperation) and isinstance(new.operator, cst.Not)
        if isinstance(parent, cst.BaseSimpleComp) or (negated and isinstance(parent, cst.BooleanOperation)):
            return False
        inside = (cst.BaseExpression, cst.ComparisonTarget, cst.StarredElement, cst.CompFor)
        return isinstance(parent, inside)

    # ----------------------------------------------------------------------- statements

    def _definition(
        self, original: cst.FunctionDef | cst.ClassDef, updated: cst.FunctionDef | cst.ClassDef
    ) -> cst.FunctionDef | cst.ClassDef:
        added = []
        for change in self.decorated.get(self._stretch(original)[0], ()):
            added.append(cst.Decorator(cst.parse_expression(change.text, config=self.config)))
            self.left.discard(change)
        return updated.with_changes(decorators=[*updated.decorators, *added]) if added else updated

    def _block(
        self, original: cst.Module | cst.IndentedBlock, updated: cst.Module | cst.IndentedBlock
    ) -> cst.Module | cst.IndentedBlock:
        body: list[cst.BaseStatement] = []
        carried: list[cst.EmptyLine] = []
        for old, new in zip(original.body, updated.body, strict=True):
            lines = self._statement(old, new)
            if lines and carried:
                lines[0] = lines[0].with_changes(leading_lines=(*carried, *_leading(lines[0])))
            carried = [] if lines else [*carried, *_apart(new)]
            body.extend(lines)
        if not body and isinstance(updated, cst.IndentedBlock):
            body.append(cst.SimpleStatementLine([cst.Pass()]))
        return updated.with_changes(body=body) if body != list(updated.body) else updated

    def _statement(self, old: cst.BaseStatement, new: cst.BaseStatement) -> list[cst.BaseStatement]:
        """Return what comes in the place of one line or compound statement."""
        if not isinstance(old, cst.SimpleStatementLine) or not isinstance(new, cst.SimpleStatementLine):
            around = self._around(old)
            kept = [] if around.removed else [new]
            return [*self._parsed(around.before), *kept, *self._parsed(around.after)]
        each = [self._around(small) for small in old.body]
        if not any(found.before or found.after or found.removed for found in each):
            return [new]
        return self._taken_apart(new, each)

    def _taken_apart(self, line: cst.SimpleStatementLine, each: list[_Statement]) -> list[cst.BaseStatement]:
        """Return the statements of a line (`a; b`) as lines, with what comes between them."""
        lines: list[cst.BaseStatement] = []
        for small, found in zip(line.body, each, strict=True):
            lines.extend(self._parsed(found.before))
            if not found.removed:
                lines.append(cst.SimpleStatementLine([small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]))
            lines.extend(self._parsed(found.after))
        if lines:
            lines[0] = lines[0].with_changes(leading_lines=(*line.leading_lines, *_leading(lines[0])))
        if not each[-1].removed:
            place = next(n for n in range(len(lines) - 1, -1, -1) if _holds(lines[n], line.body[-1]))
            lines[place] = lines[place].with_changes(trailing_whitespace=line.trailing_whitespace)
        return lines

    def _suite(self, original: cst.SimpleStatementSuite, updated: cst.SimpleStatementSuite) -> cst.BaseSuite:
        """Return `if x: return y` as it is, or as a block where something comes before or after its statement."""
        each = [self._around(small) for small in original.body]
        if not any(found.before or found.after or found.removed for found in each):
            return updated
        line = cst.SimpleStatementLine(list(updated.body), trailing_whitespace=updated.trailing_whitespace)
        return cst.IndentedBlock(self._taken_apart(line, each) or [cst.SimpleStatementLine([cst.Pass()])])

    def _around(self, node: cst.CSTNode) -> _Statement:
        found = _Statement()
        for change in self.around.get(self._stretch(node)[0], ()):
            self.left.discard(change)
            if isinstance(change, Remove):
                found.removed = True
            else:
                (found.before if isinstance(change, Before) else found.after).append(change.text)
        return found

    def _parsed(self, texts: Iterable[str]) -> list[cst.BaseStatement]:
        """Return statements as they are written, the empty lines and comments above them too."""
        statements: list[cst.BaseStatement] = []
        for text in texts:
            module = cst.parse_module(text.rstrip("\n") + "\n", config=self.config)
            first, *rest = module.body
            leading = (*module.header, *_leading(first))
            statements += [cast(cst.BaseStatement, first.with_changes(leading_lines=leading)), *_statements(rest)]
        return statements


def _leading(line: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    lines: Sequence[cst.EmptyLine] = getattr(line, "leading_lines", ())
    return lines


def _apart(line: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    """Return the comments above a removed statement that an empty line keeps apart from it, and so speak of more."""
    leading = _leading(line)
    empty = [number for number, each in enumerate(leading) if each.comment is None]
    comments = leading[: empty[-1]] if empty else ()
    return comments if any(each.comment for each in comments) else ()


def _statements(nodes: Iterable[cst.CSTNode]) -> list[cst.BaseStatement]:
    return [cast(cst.BaseStatement, node) for node in nodes]


def _holds(line: cst.BaseStatement, small: cst.BaseSmallStatement) -> bool:
    """Tell whether a line is made of this statement: its code is compared, for it was changed on the way."""
    return isinstance(line, cst.SimpleStatementLine) and line.body[0].deep_equals(
        small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
    )


# --------------------------------------------------------------------------- arguments


def _with_argument(call: cst.Call, change: Argument, config: cst.PartialParserConfig) -> cst.Call:
    """Return the call with the keyword argument set, added behind the others, or taken out."""
    args = list(call.args)
    at = next((n for n, arg in enumerate(args) if arg.keyword and arg.keyword.value == change.name), None)
    if not change.text:
        return call if at is None else _without(call, args, at)
    value = cst.parse_expression(change.text, config=config)
    if at is not None:
        args[at] = args[at].with_changes(value=value)
        return call.with_changes(args=args)
    new = cst.Arg(
        value,
        keyword=cst.Name(change.name),
        equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
    )
    return call.with_changes(args=_behind(call, args, new))


def _without(call: cst.Call, args: list[cst.Arg], at: int) -> cst.Call:
    gone = args.pop(at)
    if at == len(args) and args:  # the last one: what stood before the closing bracket goes on standing there
        args[-1] = args[-1].with_changes(comma=gone.comma, whitespace_after_arg=gone.whitespace_after_arg)
    if not args:
        return call.with_changes(args=args, whitespace_before_args=cst.SimpleWhitespace(""))
    return call.with_changes(args=args)


def _behind(call: cst.Call, args: list[cst.Arg], new: cst.Arg) -> list[cst.Arg]:
    """Return the arguments with one more, written as the others are: on the same line or on one of its own."""
    if not args:
        return [new]
    last = args[-1]
    between: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        between = call.whitespace_before_args.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    elif len(args) > 1 and isinstance(args[-2].comma, cst.Comma):
        between = _plain(args[-2].comma.whitespace_after)
    if isinstance(last.comma, cst.Comma):
        closing = last.comma.whitespace_after
        if isinstance(closing, cst.ParenthesizedWhitespace) and isinstance(between, cst.ParenthesizedWhitespace):
            between = between.with_changes(first_line=closing.first_line, empty_lines=closing.empty_lines)
        args[-1] = last.with_changes(comma=last.comma.with_changes(whitespace_after=between))
        return [*args, new.with_changes(comma=cst.Comma(whitespace_after=_plain(closing)))]
    new = new.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    args[-1] = last.with_changes(
        comma=cst.Comma(whitespace_after=between), whitespace_after_arg=cst.SimpleWhitespace("")
    )
    return [*args, new]


def _plain(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    """Return white space without the comment in it."""
    if isinstance(space, cst.ParenthesizedWhitespace):
        return space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return space


def main() -> None:
    """Answer the jobs on standard input, one line of JSON each."""
    jobs: Sequence[Job] = pickle.load(sys.stdin.buffer)
    for job in jobs:
        answer = rewritten(job)
        sys.stdout.write(json.dumps([answer.text, list(answer.refused.items())]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
