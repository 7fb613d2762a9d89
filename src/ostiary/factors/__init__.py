"""The ways to verify a user, one file each. To add one: write its file, add its name here."""

from ostiary.core.factor import Factor
from ostiary.factors.idp_intent import IDP_INTENT
from ostiary.factors.otp_email import OTP_EMAIL
from ostiary.factors.otp_sms import OTP_SMS
from ostiary.factors.password import PASSWORD
from ostiary.factors.recovery_code import RECOVERY_CODE
from ostiary.factors.totp import TOTP
from ostiary.factors.web_authn import WEB_AUTHN

# In the order in which the checks of one request run.
FACTORS: tuple[Factor, ...] = (PASSWORD, IDP_INTENT, WEB_AUTHN, TOTP, OTP_SMS, OTP_EMAIL, RECOVERY_CODE)
