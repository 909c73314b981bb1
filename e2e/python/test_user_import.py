"""Users imported from CSV files: boto3 makes the jobs, Python's own csv module writes the file, and
curl uploads it as AWS's guide says."""

import base64
import csv
import hashlib
import io
import secrets
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from clients import PASSWORD
from conftest import refused

ROLE = "arn:aws:iam::123456789012:role/unused"


@pytest.fixture(scope="module")
def pool(nodes):
    return nodes.pool(AliasAttributes=["email"])


def new_job(pool, **members):
    return pool.idp.create_user_import_job(
        UserPoolId=pool.id, JobName="people", CloudWatchLogsRoleArn=ROLE, **members
    )["UserImportJob"]


def csv_of(pool, rows):
    """A file with all columns of the pool, as csv.DictWriter writes it."""
    header = pool.idp.get_csv_header(UserPoolId=pool.id)["CSVHeader"]
    text = io.StringIO()
    writer = csv.DictWriter(text, header)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def person(username, **attributes):
    return {
        "cognito:username": username,
        "email": f"{username}@example.com",
        "email_verified": "TRUE",
        **attributes,
    }


def put(url, data):
    request = urllib.request.Request(url, data=data, method="PUT")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def run(pool, job):
    """Starts a job and gives it as it has ended."""
    of_job = {"UserPoolId": pool.id, "JobId": job["JobId"]}
    assert pool.idp.start_user_import_job(**of_job)["UserImportJob"]["Status"] == "Pending"
    for _ in range(600):
        shown = pool.idp.describe_user_import_job(**of_job)["UserImportJob"]
        if "CompletionDate" in shown:
            return shown
        time.sleep(0.05)
    raise AssertionError(f"it has not ended: {shown}")


def counts(job):
    return [job[f"{what}Users"] for what in ("Imported", "Skipped", "Failed")]


def test_a_file_becomes_users_who_set_their_passwords_by_mail(nodes, pool, tmp_path):
    rows = [
        person("ana", name="Doe, Ana", address='1 Main St\n"Old" Town', birthdate="02/01/1985"),
        person("ana"),
        person("bea", email_verified="false"),
        *(person(f"user{number}") for number in range(8)),
    ]
    file = tmp_path / "people.csv"
    file.write_bytes(csv_of(pool, rows))
    job = new_job(pool)
    assert (job["Status"], counts(job)) == ("Created", [0, 0, 0])
    header = "x-amz-server-side-encryption:aws:kms"
    curl = ["curl", "-sS", "--fail", "-T", str(file), "-H", header, job["PreSignedUrl"]]
    subprocess.run(curl, check=True, timeout=30)
    done = run(pool, job)
    assert (done["Status"], counts(done)) == ("Succeeded", [9, 1, 1])
    assert done["CompletionMessage"] == "Import Job Completed Successfully."

    ana = pool.idp.admin_get_user(UserPoolId=pool.id, Username="ana@example.com")
    assert ana["UserStatus"] == "RESET_REQUIRED"
    attributes = {one["Name"]: one["Value"] for one in ana["UserAttributes"]}
    assert attributes["name"] == "Doe, Ana"
    assert attributes["address"] == '1 Main St\n"Old" Town'
    assert attributes["birthdate"] == "1985-02-01"

    log = nodes.nodes[0].command(
        "import-log", "--user-pool-id", pool.id, "--job-id", job["JobId"], "--troubles"
    )
    # A line of the file ends within the address.
    assert log.splitlines() == [
        "[SKIPPED] Line Number 4 - The user already exists.",
        "[FAILED] Line Number 5 - The User Record does not set any of the auto verified "
        "attributes to true. (Example: email_verified to true).",
    ]

    own = {"ClientId": pool.client, "Username": "ana"}
    pool.idp.forgot_password(**own)
    code = nodes.mail.code("ana@example.com")
    pool.idp.confirm_forgot_password(**own, ConfirmationCode=code, Password=PASSWORD)
    tokens = pool.idp.initiate_auth(
        ClientId=pool.client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ana", "PASSWORD": PASSWORD},
    )
    assert "AuthenticationResult" in tokens


def test_an_address_is_proved_and_a_file_is_replaced_before_the_start(pool):
    job = new_job(pool)
    url = job["PreSignedUrl"]
    assert put(url[:-1], b"") == 403
    assert put(url, b"x" * 1_000_000) == 200
    assert put(url, csv_of(pool, [person("cid")])) == 200
    assert counts(run(pool, job)) == [1, 0, 0]
    assert put(url, b"") == 409


def test_jobs_are_listed_and_only_one_that_runs_is_stopped(pool):
    made = [new_job(pool)["JobId"] for _ in range(3)]
    listed, token = [], {}
    while len(listed) < 3:
        page = pool.idp.list_user_import_jobs(UserPoolId=pool.id, MaxResults=2, **token)
        listed += [job["JobId"] for job in page["UserImportJobs"]]
        token = {"PaginationToken": page["PaginationToken"]} if "PaginationToken" in page else {}
    assert listed[:3] == made[::-1]
    of_job = {"UserPoolId": pool.id, "JobId": made[0]}
    cannot = "The user import job cannot be stopped. Its status is Created"
    with refused("PreconditionNotMetException", cannot):
        pool.idp.stop_user_import_job(**of_job)
    with refused("PreconditionNotMetException", f"No csv file was uploaded for {made[0]}"):
        pool.idp.start_user_import_job(**of_job)


def test_who_comes_with_a_hash_keeps_the_password(pool):
    salt = secrets.token_bytes(16)
    derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 1000)
    plain = [base64.b64encode(part).decode().rstrip("=") for part in (salt, derived)]
    hashed = "$pbkdf2-sha256$1000$" + "$".join(plain).replace("+", ".")
    job = new_job(pool, PasswordHashingAlgorithm="PBKDF2_SHA256")
    assert job["PasswordHashingAlgorithm"] == "PBKDF2_SHA256"
    assert put(job["PreSignedUrl"], csv_of(pool, [person("dee", password_hash=hashed)])) == 200
    assert counts(run(pool, job)) == [1, 0, 0]
    tokens = pool.idp.initiate_auth(
        ClientId=pool.client,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "dee", "PASSWORD": PASSWORD},
    )
    assert "AuthenticationResult" in tokens
