"""The stored reports. Rows are written once, from a report, and never changed."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from config.text import visible


class Status(models.TextChoices):
    """How a run or a stage ended."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class EnvironmentName(models.TextChoices):
    """Where a release can run, in the order in which it reaches them."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    STAGING = "staging"
    PRODUCTION = "production"


class PromotedTag(models.TextChoices):
    """What a release can be promoted to."""

    TEST = "test"
    RELEASE = "release"


DIGEST_LENGTH = len("sha256:") + 64
RUN_STATUSES = (Status.PASSED, Status.FAILED, Status.ERRORED)


class Receipt(models.Model):
    """The record that a report was accepted, written before a worker stores the report.

    It makes a run id usable only once: a second report with the id is compared with it.
    """

    run_id = models.UUIDField(primary_key=True)
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.run_id)


class Run(models.Model):
    """One execution of the pipeline for one commit."""

    receipt = models.OneToOneField(
        Receipt, primary_key=True, on_delete=models.PROTECT, db_column="id"
    )
    started_at = models.DateTimeField(db_index=True)
    commit = models.CharField(max_length=40)
    branch = models.CharField(max_length=255)
    version = models.CharField(max_length=128)
    status = models.CharField(max_length=8, choices=Status)
    duration = models.FloatField(help_text="seconds")
    ci_url = models.CharField(max_length=2000, blank=True, db_default="")
    commit_url = models.CharField(max_length=2000, blank=True, db_default="")

    class Meta:
        ordering = ["-started_at", "-receipt"]
        constraints = [
            models.CheckConstraint(
                name="run_status_known", condition=models.Q(status__in=RUN_STATUSES)
            ),
            models.CheckConstraint(
                name="run_duration_not_negative", condition=models.Q(duration__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{visible(self.version)} {self.status}"


class StageResult(models.Model):
    """How one stage of a run ended, with the facts that its tools measured."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField(help_text="place in the run, from 0")
    name = models.CharField(max_length=64)
    status = models.CharField(max_length=8, choices=Status)
    started_at = models.DateTimeField(null=True, help_text="unknown in reports of old pipelines")
    duration = models.FloatField(help_text="seconds")
    reused = models.BooleanField(db_default=False)
    reason = models.TextField(blank=True, db_default="")
    facts = models.JSONField(help_text="all else that the report says of the stage")

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            models.UniqueConstraint(name="stage_once_per_run", fields=["run", "name"]),
            models.CheckConstraint(
                name="stage_status_known", condition=models.Q(status__in=Status.values)
            ),
            models.CheckConstraint(
                name="stage_duration_not_negative", condition=models.Q(duration__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{visible(self.name)} {self.status}"


class Release(models.Model):
    """One image index, known by its digest."""

    digest = models.CharField(primary_key=True, max_length=DIGEST_LENGTH)
    version = models.CharField(max_length=128)
    platforms = models.JSONField(help_text="list of platforms; empty until a build is reported")
    sizes = models.JSONField(help_text="platform to bytes; empty where the build did not say")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="release_digest_is_sha256", condition=models.Q(digest__startswith="sha256:")
            ),
        ]

    def __str__(self) -> str:
        return visible(self.version)


class Promotion(models.Model):
    """A release was accepted under a tag by a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="promotions")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="promotions")
    tag = models.CharField(max_length=16, choices=PromotedTag)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="promotion_once_per_run", fields=["run", "tag"]),
            models.CheckConstraint(
                name="promotion_tag_known", condition=models.Q(tag__in=PromotedTag.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} -> {self.tag}"


class Deployment(models.Model):
    """A run tried to put a release into an environment, or to bring one back."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="deployments")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="deployments")
    environment = models.CharField(max_length=16, choices=EnvironmentName)
    status = models.CharField(max_length=8, choices=Status)
    is_rollback = models.BooleanField(db_default=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(name="deployment_latest", fields=["environment", "status", "-at"])]
        constraints = [
            models.CheckConstraint(
                name="deployment_environment_known",
                condition=models.Q(environment__in=EnvironmentName.values),
            ),
            models.CheckConstraint(
                name="deployment_status_known", condition=models.Q(status__in=RUN_STATUSES)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.release_id} in {self.environment}: {self.status}"
