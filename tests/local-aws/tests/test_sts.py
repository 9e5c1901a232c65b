"""Whose signature a request bears, for the functions that ask it of another's request."""

import http.client
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "us-west-2"
WORD = "X-Leeward-Word"


def signed(aws, path="/?Action=GetCallerIdentity&Version=2011-06-15", word="ab" * 32, token=None):
    """A request as somebody's command signs it, sent by nobody yet."""
    request = AWSRequest("GET", aws.url + path, headers={WORD: word} if word else {})
    SigV4Auth(Credentials("ana", "rehearsal", token), "sts", REGION).add_auth(request)
    return dict(request.headers.items())


def send(aws, headers, path="/?Action=GetCallerIdentity&Version=2011-06-15"):
    place = urlsplit(aws.url)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return SimpleNamespace(status=answer.status, body=answer.read().decode())
    finally:
        connection.close()


@pytest.mark.parametrize("token", [None, "a/session+token=="])
def test_a_request_that_another_sends_on_is_its_signers(aws, token):
    answer = send(aws, signed(aws, token=token))
    assert answer.status == 200, answer.body
    assert "<Arn>arn:aws:iam::123456789012:user/ana</Arn>" in answer.body
    assert "<Account>123456789012</Account>" in answer.body


def test_another_word_or_none_is_another_signature(aws):
    headers = signed(aws)
    for changed in ({**headers, WORD: "cd" * 32}, {**headers, "Authorization": signed(aws, word=None)["Authorization"]
                    .replace("SignedHeaders=host;x-amz-date", "SignedHeaders=host;x-amz-date;x-leeward-word")}):
        answer = send(aws, changed)
        assert answer.status == 403 and "SignatureDoesNotMatch" in answer.body


def test_a_callers_own_request_is_answered_as_before(aws):
    client = boto3.client("sts", REGION, endpoint_url=aws.url, aws_access_key_id="kim", aws_secret_access_key="test")
    assert client.get_caller_identity()["Arn"] == "arn:aws:iam::123456789012:user/kim"
    nobody = boto3.client("sts", REGION, endpoint_url=aws.url, aws_access_key_id="kim", aws_secret_access_key="guess")
    with pytest.raises(nobody.exceptions.ClientError, match="SignatureDoesNotMatch"):
        nobody.get_caller_identity()
