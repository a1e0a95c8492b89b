"""The project's own test runner, with a JUnit report: `manage.py test --testrunner` names it.

`towpath.checks.tools.django_tests.ReportingRunner` is a subclass of the class that the settings
name. What each test said is gathered from the results, also from those of parallel processes, and
written to the file that DJANGO_JUNIT_REPORT names.
"""

from __future__ import annotations

import os
import re
import time
import traceback
import unittest
from typing import Any
from xml.sax.saxutils import escape, quoteattr  # nosec B406: it writes XML, and reads none.

from django.conf import settings
from django.test.utils import get_runner

VARIABLE = "DJANGO_JUNIT_REPORT"
# XML 1.0, "Char": what a document may have.
_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Records:
    """What was said of each test, in the order in which they ended."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[str, str]]] = {}
        self.begun: dict[str, float] = {}
        self.seconds: dict[str, float] = {}

    def start(self, name: str) -> None:
        """Note that a test began."""
        self.rows.setdefault(name, [])
        self.begun[name] = time.monotonic()

    def stop(self, name: str) -> None:
        """Note that a test ended."""
        if name in self.begun:
            self.seconds[name] = time.monotonic() - self.begun.pop(name)

    def say(self, name: str, kind: str, text: str) -> None:
        """Note a failure, an error or a skip."""
        self.rows.setdefault(name, []).append((kind, text))

    def junit(self) -> str:
        """Return the report in JUnit's format."""
        cases = [self._case(name) for name in self.rows]
        kinds = [kind for said in self.rows.values() for kind, _ in said[:1]]
        counts = "".join(
            f' {word}="{kinds.count(kind)}"'
            for word, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))
        )
        head = f'<testsuite name="django" tests="{len(cases)}"{counts}>'
        return "\n".join(
            ['<?xml version="1.0" encoding="utf-8"?>', "<testsuites>", head, *cases]
            + ["</testsuite>", "</testsuites>", ""]
        )

    def _case(self, name: str) -> str:
        group, _, own = name.rpartition(".")
        attributes = f"classname={quoteattr(_valid(group))} name={quoteattr(_valid(own))}"
        # One mark for a test: the worst comes first.
        marks = sorted(self.rows[name], key=lambda row: row[0] == "skipped")[:1]
        inner = "".join(
            f"<{kind} message={quoteattr(_valid(text.strip().splitlines()[-1:] or [''])[:500])}>"
            f"{escape(_valid(text))}</{kind}>"
            for kind, text in marks
        )
        seconds = self.seconds.get(name, 0.0)
        return f'<testcase {attributes} time="{seconds:.3f}">{inner}</testcase>'


def _valid(text: Any) -> str:
    words = text[0] if isinstance(text, list) else text
    return _INVALID.sub("?", str(words))


def recording(base: Any, records: Records) -> type:
    """Return a class of results like `base` that also notes every event."""

    class Recording(base):  # type: ignore[misc]
        """Notes each event; subtests count for their test."""

        def startTest(self, test: Any) -> None:
            records.start(test.id())
            super().startTest(test)

        def stopTest(self, test: Any) -> None:
            records.stop(test.id())
            super().stopTest(test)

        def addError(self, test: Any, err: Any) -> None:
            records.say(test.id(), "error", _text(err))
            super().addError(test, err)

        def addFailure(self, test: Any, err: Any) -> None:
            records.say(test.id(), "failure", _text(err))
            super().addFailure(test, err)

        def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
            if err is not None:
                records.say(test.id(), "failure", f"{subtest}\n{_text(err)}")
            super().addSubTest(test, subtest, err)

        def addSkip(self, test: Any, reason: str) -> None:
            records.say(test.id(), "skipped", reason)
            super().addSkip(test, reason)

        def addUnexpectedSuccess(self, test: Any) -> None:
            records.say(test.id(), "failure", "It passed, and was expected to fail.")
            super().addUnexpectedSuccess(test)

    return Recording


def _text(err: Any) -> str:
    """Return a traceback; one from another process may be text already."""
    try:
        return "".join(traceback.format_exception(*err))
    except Exception:  # It is the project's exception: whatever it does, the test failed.
        return str(err)


_BASE: Any = get_runner(settings, settings.TEST_RUNNER)


class ReportingRunner(_BASE):  # type: ignore[misc]
    """The project's runner, which writes a report besides."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.records = Records()

    def get_resultclass(self) -> type:
        """Return a class of results that notes what each test said."""
        return recording(super().get_resultclass() or unittest.TextTestResult, self.records)

    def suite_result(self, suite: Any, result: Any, **options: Any) -> Any:
        """Write the report when all tests have ended."""
        if file := os.environ.get(VARIABLE):
            with open(file, "w", encoding="utf-8") as stream:
                stream.write(self.records.junit())
        return super().suite_result(suite, result, **options)
