"""The ways to verify a user, one file each. To add one: write its file, add its name here."""

from ostiary.core.factor import Factor
from ostiary.factors.password import PASSWORD
from ostiary.factors.totp import TOTP
from ostiary.factors.web_authn import WEB_AUTHN

# In the order in which the checks of one request run.
FACTORS: tuple[Factor, ...] = (PASSWORD, WEB_AUTHN, TOTP)
