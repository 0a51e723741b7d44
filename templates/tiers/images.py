"""Where container images come from: a parameter with a whole name, or a repository of the stack's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from troposphere import Equals, GetAtt, If, Not, Parameter, Ref, Sub, ecr

from tap.model import Tier
from templates.tiers.encryption import Encryption
from templates.tiers.keeping import Keeping
from templates.tiers.words import arn, att, named

VERSIONED = (
    r"^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._-]+(/[a-z0-9._-]+)*"
    r"(:(?!latest(@|$))[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$"
)
"""An image with a tag other than ``latest``, or a digest; the registry may have a port."""
VERSIONED_SAYS = (
    "the name of a container image with a version: registry/name:tag (not latest) or registry/name@sha256:digest"
)

NAME = r"^$|^([a-z0-9.-]+(:[0-9]+)?/)?[a-z0-9._-]+(/[a-z0-9._-]+)*$"
"""No image, or one without its tag."""
TAG = r"^$|^(?!latest$)[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"


@dataclass(frozen=True)
class Image:
    """What a container runs: the image, and what gives the condition that it is the placeholder."""

    name: Any
    placeholder: Callable[[], str]


class ImageSource(Protocol):
    """A place where an image comes from."""

    @property
    def repository_arn(self) -> Any:
        """The ARN of the ECR repository, or a pattern of those, that ECS may pull from."""

    def image(self, tier: Tier, prefix: str, service: str, expects: str) -> Image:
        """Add the parameter that chooses the image. ``expects`` says what the image must do."""


@dataclass(frozen=True)
class GivenImage:
    """A parameter with a whole image name; ``versioned`` refuses ``latest`` and a name without tag."""

    default: str
    versioned: bool = False

    @property
    def repository_arn(self) -> Any:
        """Any of the account's, for the parameter may name any."""
        return arn("ecr", "repository/*")

    def image(self, tier: Tier, prefix: str, service: str, expects: str) -> Image:
        """Add the parameter, with the placeholder as its default."""
        parameter = tier.parameter(
            f"{prefix}Image",
            f"The container image of the {service}, with its tag or digest. {expects}"
            + (" A release must be named: latest, or no tag, is refused." if self.versioned else ""),
            group="Services",
            label=f"Image of the {service}",
            Default=self.default,
            AllowedPattern=VERSIONED if self.versioned else "^[A-Za-z0-9][A-Za-z0-9./:@_-]+$",
            MaxLength=512,
            ConstraintDescription=VERSIONED_SAYS
            if self.versioned
            else "the name of a container image with its tag or digest: registry/name:tag or registry/name@digest",
        )
        test = Equals(Ref(parameter), self.default)
        return Image(Ref(parameter), lambda: tier.condition(f"Uses{prefix}Placeholder", test))


@dataclass(frozen=True)
class OwnImage:
    """A tag in a repository of the stack's own. Without a tag, as on the first deployment, a placeholder runs.
    ``replaceable``: a parameter may name an image from elsewhere, whose tag it then is."""

    repository: ecr.Repository
    placeholder: str
    replaceable: bool = False

    @property
    def repository_arn(self) -> Any:
        """That repository's, or any where the image is replaceable; the placeholder is public."""
        return arn("ecr", "repository/*") if self.replaceable else GetAtt(self.repository, "Arn")

    def image(self, tier: Tier, prefix: str, service: str, expects: str) -> Image:
        """Add the parameter for the tag."""
        parameter = tier.parameter(
            f"{prefix}ImageTag",
            f"The tag of the {service}'s image in the stack's own repository. Empty, as on the first deployment, when "
            f"the repository is: a placeholder runs instead. {expects}",
            group="Services",
            label=f"Image tag of the {service}",
            Default="",
            AllowedPattern=TAG,
            MaxLength=128,
            ConstraintDescription="empty, or a tag other than latest",
        )
        placeholder = tier.condition(f"Uses{prefix}Placeholder", Equals(Ref(parameter), ""))
        own: Any = Sub(f"{att(self.repository, 'RepositoryUri')}:${{{parameter.title}}}")
        if self.replaceable:
            own = self._elsewhere(tier, prefix, service, parameter, own)
        return Image(If(placeholder, self.placeholder, own), lambda: placeholder)

    def _elsewhere(self, tier: Tier, prefix: str, service: str, tag: Parameter, own: Any) -> If:
        other = tier.parameter(
            f"{prefix}Image",
            f"Optional: another image for the {service} than that in the stack's own repository, without its tag, "
            f"which is {tag.title}. Empty: the stack's own repository.",
            group="Services",
            label=f"Image of the {service}",
            Default="",
            AllowedPattern=NAME,
            MaxLength=255,
            ConstraintDescription="empty, or the name of an image without a tag, in lower case: registry/name",
        )
        given = Not(Equals(Ref(other), ""))
        tier.template.add_rule(
            f"{other.title}NeedsTag",
            {
                "RuleCondition": given,
                "Assertions": [
                    {
                        "Assert": Not(Equals(Ref(tag), "")),
                        "AssertDescription": f"{other.title} needs {tag.title}: else the placeholder runs.",
                    }
                ],
            },
        )
        return If(tier.condition(f"Has{prefix}Image", given), Sub(f"${{{other.title}}}:${{{tag.title}}}"), own)


@dataclass(frozen=True)
class RepositoryChoices:
    """A repository; ``name`` is before the suffix, ``prefix`` begins the logical id. ``immutable``: a tag stays what
    it is. ``outputs`` are the output for the address and that for the name, each with the tail of its export."""

    prefix: str
    name: str
    keeping: Keeping
    immutable: bool = False
    keep_images: int = 10
    encryption: Encryption | None = None
    outputs: tuple[tuple[str, str], ...] = ()


def repositories(*choices: RepositoryChoices) -> tuple[Tier, tuple[ecr.Repository, ...]]:
    """Build the tier of image repositories."""
    tier = Tier("images", "Images", "The repositories that the services' container images are pushed to.")
    return tier, tuple(_repository(tier, each) for each in choices)


def _repository(tier: Tier, choices: RepositoryChoices) -> ecr.Repository:
    rule = {
        "rulePriority": 1,
        "description": f"Keep the last {choices.keep_images} images",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": choices.keep_images},
        "action": {"type": "expire"},
    }
    key = {"EncryptionType": "KMS", "KmsKey": choices.encryption.arn} if choices.encryption else {}
    keeping = choices.keeping
    empties = keeping.empties if isinstance(keeping.empties, bool) else If(keeping.empties, True, False)
    repository = tier.add(
        ecr.Repository(
            f"{choices.prefix}Repository",
            **keeping.policies,
            RepositoryName=named(choices.name),
            EmptyOnDelete=empties,
            ImageScanningConfiguration=ecr.ImageScanningConfiguration(ScanOnPush=True),
            ImageTagMutability="IMMUTABLE" if choices.immutable else "MUTABLE",
            **({"EncryptionConfiguration": ecr.EncryptionConfiguration(**key)} if key else {}),
            LifecyclePolicy=ecr.LifecyclePolicy(LifecyclePolicyText=json.dumps({"rules": [rule]}, indent=2)),
        ),
        f"Container images of the {choices.prefix.lower()}: scanned when pushed, the last {choices.keep_images} kept. "
        f"{keeping.says}",
        exempt={
            **({} if choices.immutable else {"CKV_AWS_51": "Tags may move in this system; a release names its own."}),
            **({} if choices.encryption else {"CKV_AWS_136": "AWS's own key encrypts the images."}),
        },
    )
    values = {
        0: (GetAtt(repository, "RepositoryUri"), f"Where images of the {choices.prefix.lower()} are pushed to."),
        1: (repository.ref(), "The name of the repository."),
    }
    for place, (name, export) in enumerate(choices.outputs):
        value, says = values[place]
        tier.output(name, says, value, export=export)
    return repository
