"""What AWS's Python runtimes give a Lambda function, for functions that run in the emulator.

Those runtimes have the AWS SDK, and inline code can import ``cfnresponse`` [1]. The emulator runs functions with its
own interpreter, which has neither. They get tap's own SDK, and the module below.

[1] https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-lambda-function-code-cfnresponsemodule.html
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""The SDK and all that it imports, so that nothing of another version comes between."""

_CFNRESPONSE = """\
import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    body = {
        "Status": responseStatus,
        "Reason": reason or f"See the details in CloudWatch Log Stream: {context.log_stream_name}",
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }
    request = urllib.request.Request(
        event["ResponseURL"], json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"
    )
    urllib.request.urlopen(request, timeout=10).close()
"""


def provide(folder: Path) -> None:
    """Fill ``folder``, to be in ``PYTHONPATH``: links to tap's own SDK, and the module ``cfnresponse``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SDK:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue  # tap installed without it; a function that imports it fails and says so
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    (folder / "cfnresponse.py").write_text(_CFNRESPONSE, encoding="utf-8")
