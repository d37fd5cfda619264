"""moto's server, with what its API gives no way to set.

The root user's second factor and access keys (MOTO_ROOT_MFA, MOTO_ROOT_KEYS), when users last signed in (MOTO_SIGN_INS: a file with a JSON
object of user to ISO 8601 time; moto documents User.password_last_used as open to its callers), and the time of the credential report, which
moto states as 2015-02-02 whenever it was made. The details of an account name its policies and their ids, which moto leaves out there, though
not where it lists them. Everything else is moto's own.
"""

import json
import os
from datetime import datetime

from moto.core.utils import utcnow
from moto.iam import models, responses
from moto.server import main

_summary_init = models.AccountSummary.__init__
_generate = models.IAMBackend.generate_report
_report = responses.IamResponse.get_credential_report


def summary_init(self, backend):
    _summary_init(self, backend)
    self._account_mfa_enabled = int(os.environ.get("MOTO_ROOT_MFA", "0"))
    self._account_access_keys_present = int(os.environ.get("MOTO_ROOT_KEYS", "0"))


def generate_report(self):
    _generate(self)
    self.annexa_generated = utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
    with open(os.environ["MOTO_SIGN_INS"], encoding="utf-8") as file:
        for name, at in json.load(file).items():
            self.users[name].password_last_used = datetime.fromisoformat(at)


def get_credential_report(self):
    answer = _report(self)
    answer.result["GeneratedTime"] = self.backend.annexa_generated
    return answer


models.AccountSummary.__init__ = summary_init
models.Policy.policy_id = property(lambda self: self.id)
models.Policy.policy_name = property(lambda self: self.name)
models.IAMBackend.generate_report = generate_report
responses.IamResponse.get_credential_report = get_credential_report

if __name__ == "__main__":
    main()
