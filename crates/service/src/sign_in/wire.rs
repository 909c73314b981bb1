//! The challenges as clients see them: one file for each, and the list of them all.

pub(super) mod choice;
mod custom_challenge;
mod device_password_verifier;
mod device_srp_auth;
mod email_otp;
mod mfa_setup;
mod new_password_required;
mod password;
mod password_srp;
mod password_verifier;
mod select_challenge;
mod select_mfa_type;
mod sms_mfa;
mod sms_otp;
mod software_token_mfa;
mod srp_exchange;
mod web_authn;

use std::collections::BTreeMap;

use cognate_api::idp::{AuthenticationResultType, ChallengeNameType};
use cognate_crypto::random::Random;
use cognate_crypto::secret::SecretString;
use cognate_crypto::srp::ClientPublic;
use cognate_model::acr::Level;
use cognate_model::sign_in::{
    self, Challenge, ConfirmedSignUp, Facts, Outcome, Pending, SentCode, Step, TypedCode,
};
use cognate_model::{ClientId, DeviceKey, NormalName, User};

use super::step_row::StepRow;
use crate::counts::SignInFlow;
use crate::users::accounts::PoolClient;
use crate::{Error, Result};

/// The longest code that is looked at, in bytes.
const LONGEST_CODE: usize = 64;
/// The longest password, in bytes, that is hashed at all.
const LONGEST_PASSWORD: usize = 4 * 256;

/// Parameters and responses, by their names on the wire.
pub(super) type Parameters = BTreeMap<String, String>;

/// What a sign-in answers: a challenge, or tokens.
pub(super) enum Reply {
    Challenge {
        name: ChallengeNameType,
        session: String,
        parameters: Parameters,
        available: Option<Vec<ChallengeNameType>>,
    },
    Tokens(AuthenticationResultType),
}

/// A challenge as clients see it.
trait OnTheWire: Challenge {
    /// What its answers are counted under, for operators.
    const FLOW: SignInFlow;

    /// Reads an answer.
    ///
    /// # Errors
    /// What the operation answers to responses that are missing or cannot be right.
    fn read(pool_client: &PoolClient, responses: &Parameters) -> Result<Self::Answer>;

    /// The row of the step that an answer names by itself; None where the session names it.
    ///
    /// # Errors
    /// What the operation answers to what can name no step.
    fn row_named(_answer: &Self::Answer) -> Result<Option<StepRow>> {
        Ok(None)
    }

    /// The row that the step waits in, where it is not the session's.
    fn row(&self) -> Option<StepRow> {
        None
    }

    /// The bytes of the session string that an answer without one names by itself.
    fn session_named(_answer: &Self::Answer, _client: &ClientId) -> Option<[u8; 32]> {
        None
    }

    /// The bytes of the step's session string, where an answer may come without it.
    fn session(&self, _client: &ClientId) -> Option<[u8; 32]> {
        None
    }

    /// The challenge's parameters.
    ///
    /// # Errors
    /// Only what is our own fault.
    fn parameters(&self, shown: &Shown<'_>) -> Result<Vec<(&str, String)>>;

    /// What may be chosen among, where the challenge is a choice of challenges.
    fn available(&self) -> Option<Vec<ChallengeNameType>> {
        None
    }
}

/// What the parameters of a challenge may tell of.
pub(super) struct Shown<'a> {
    pub(super) pool_client: &'a PoolClient,
    /// The user; None for a name that nobody has.
    pub(super) user: Option<&'a User>,
    /// The made-up user id, where there is no user.
    pub(super) user_id: &'a str,
}

impl Shown<'_> {
    /// USERNAME, by which clients go on: the user name in its normal form of now. Its verifier may
    /// have been made for another one, which USER_ID_FOR_SRP tells of.
    fn user_name(&self) -> (&'static str, String) {
        let name = self.user.map_or_else(
            || self.user_id.to_owned(),
            |user| {
                let name = NormalName::new(&self.pool_client.pool, &user.username);
                name.as_str().to_owned()
            },
        );
        ("USERNAME", name)
    }

    /// USER_ID_FOR_SRP, which clients take for the user name from here on.
    fn user_id(&self) -> Option<(&'static str, String)> {
        self.user
            .map(|user| ("USER_ID_FOR_SRP", user.username.clone()))
    }
}

/// An answer to a challenge, read and not looked at yet.
pub(super) struct Answer {
    /// The row that it names; None where the session names it.
    pub(super) row: Option<StepRow>,
    /// The bytes of the session string that it names, for where it brings none.
    pub(super) session: Option<[u8; 32]>,
    /// The device that it names.
    pub(super) device: Option<DeviceKey>,
    pub(super) flow: SignInFlow,
    decide: Box<Decide>,
}

type Decide = dyn FnOnce(Pending, &Facts<'_>, &mut Random) -> Outcome + Send;

impl Answer {
    fn read<C: OnTheWire>(pool_client: &PoolClient, responses: &Parameters) -> Result<Self> {
        let answer = C::read(pool_client, responses)?;
        Ok(Self {
            row: C::row_named(&answer)?,
            session: C::session_named(&answer, &pool_client.entry.client.id),
            device: device(pool_client, responses)?,
            flow: C::FLOW,
            decide: Box::new(|pending, facts, random| {
                sign_in::answer::<C>(pending, answer, facts, random)
            }),
        })
    }

    /// The session of a sign-up that was just confirmed, which answers itself; and the levels that
    /// the sign-in is to reach, if the client says so.
    pub(super) fn of_confirmed_sign_up(levels: Vec<Level>) -> Self {
        Self {
            row: None,
            session: None,
            device: None,
            flow: SignInFlow::Choice,
            decide: Box::new(|pending, facts, random| {
                sign_in::answer::<ConfirmedSignUp>(pending, levels, facts, random)
            }),
        }
    }

    /// Lets the machine decide.
    pub(super) fn decide(
        self,
        pending: Pending,
        facts: &Facts<'_>,
        random: &mut Random,
    ) -> Outcome {
        (self.decide)(pending, facts, random)
    }
}

/// Names the challenges. A challenge has one name in the machine and on the wire.
macro_rules! challenges {
    ($($name:ident),* $(,)?) => {
        /// Reads the answer to a challenge of a name.
        ///
        /// # Errors
        /// What the operation answers.
        pub(super) fn read(
            name: &ChallengeNameType,
            pool_client: &PoolClient,
            responses: &Parameters,
        ) -> Result<Answer> {
            match name {
                $(ChallengeNameType::$name => {
                    Answer::read::<sign_in::$name>(pool_client, responses)
                })*
                other => Err(Error::unknown_value(other)),
            }
        }

        /// The challenge of a step, as it is shown.
        ///
        /// # Errors
        /// Only what is our own fault.
        pub(super) fn shown(step: &Step, session: String, shown: &Shown<'_>) -> Result<Reply> {
            $(if let Some(step) = step.read::<sign_in::$name>() {
                let parameters = step.parameters(shown)?.into_iter();
                return Ok(Reply::Challenge {
                    name: ChallengeNameType::$name,
                    session,
                    parameters: parameters.map(|(name, value)| (name.to_owned(), value)).collect(),
                    available: step.available(),
                });
            })*
            Err(Error::internal().with_source(format!("no challenge: {}", step.name())))
        }

        /// The bytes of a step's session string, where they are not random.
        pub(super) fn session(step: &Step, client: &ClientId) -> Option<[u8; 32]> {
            $(if let Some(step) = step.read::<sign_in::$name>() {
                return step.session(client);
            })*
            None
        }

        /// The row that a step waits in, where it is not its session's.
        pub(super) fn row(step: &Step) -> Option<StepRow> {
            $(if let Some(step) = step.read::<sign_in::$name>() {
                return step.row();
            })*
            None
        }
    };
}

challenges![
    PasswordVerifier,
    NewPasswordRequired,
    SmsMfa,
    EmailOtp,
    SelectMfaType,
    SelectChallenge,
    Password,
    PasswordSrp,
    SmsOtp,
    CustomChallenge,
    SoftwareTokenMfa,
    MfaSetup,
    WebAuthn,
    DeviceSrpAuth,
    DevicePasswordVerifier,
];

/// DEVICE_KEY, where the pool remembers devices; it has no meaning elsewhere.
///
/// # Errors
/// `ResourceNotFoundException` for what is no device key.
pub(super) fn device(
    pool_client: &PoolClient,
    parameters: &Parameters,
) -> Result<Option<DeviceKey>> {
    let named = parameters.get("DEVICE_KEY");
    let is_named = named.is_some_and(|key| !key.is_empty());
    let is_remembered_here = pool_client.pool.settings.devices.is_some();
    (is_named && is_remembered_here)
        .then(|| device_key(parameters))
        .transpose()
}

/// DEVICE_KEY, which has to be there.
///
/// # Errors
/// `InvalidParameterException` when it is not; `ResourceNotFoundException` for what is none.
fn device_key(parameters: &Parameters) -> Result<DeviceKey> {
    let key = required(parameters, "DEVICE_KEY")?;
    DeviceKey::parse(key).map_err(|_| Error::device_does_not_exist())
}

/// A code that was typed. No code is longer than this, and longer ones are not looked at.
///
/// # Errors
/// `InvalidParameterException` when it is not there; `CodeMismatchException` when it can be none.
fn typed_code(responses: &Parameters, name: &'static str) -> Result<TypedCode> {
    let code = required(responses, name)?;
    if code.len() > LONGEST_CODE {
        return Err(Error::code_mismatch());
    }
    Ok(TypedCode(SecretString::from(code)))
}

/// Where a code has gone, as clients read it (docs/protocol.md §15.4).
fn delivery(sent: &SentCode, medium: &str, shown: &Shown<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("CODE_DELIVERY_DELIVERY_MEDIUM", medium.to_owned()),
        ("CODE_DELIVERY_DESTINATION", sent.destination.clone()),
        shown.user_name(),
    ]
}

/// PASSWORD.
///
/// # Errors
/// `InvalidParameterException` when it is not there; for one that is too long to be hashed, the
/// error of a wrong one.
pub(super) fn password(parameters: &Parameters) -> Result<SecretString> {
    let password = SecretString::from(required(parameters, "PASSWORD")?);
    if password.expose().len() > LONGEST_PASSWORD {
        return Err(Error::incorrect_username_or_password());
    }
    Ok(password)
}

/// SRP_A.
///
/// # Errors
/// `InvalidParameterException` for a value that no client may send.
pub(super) fn srp_a(parameters: &Parameters) -> Result<Box<ClientPublic>> {
    let public = ClientPublic::parse(required(parameters, "SRP_A")?);
    public.map(Box::new).map_err(|error| {
        Error::invalid_parameter("SRP_A is not a valid public value.").with_source(error)
    })
}

/// A parameter that has to be there.
///
/// # Errors
/// `InvalidParameterException`, also for an empty one.
pub(super) fn required<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str> {
    let value = parameters
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty());
    value.ok_or_else(|| Error::missing_required_parameter(name))
}
