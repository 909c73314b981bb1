//! A pool's own code, which custom sign-ins ask. No pool can name such code yet (LambdaConfig is
//! refused); what stands here is the place where it will be called, and the script that tests put
//! there.

use std::sync::Arc;

use cognate_model::sign_in::{CreateChallenge, Created, DefineChallenge, Defined, VerifyChallenge};

/// Where the triggers of custom sign-ins lead.
#[derive(Clone, Default)]
pub enum Triggers {
    /// Nowhere.
    #[default]
    None,
    /// To a test.
    Scripted(Arc<Script>),
}

impl std::fmt::Debug for Triggers {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::None => "None",
            Self::Scripted(_) => "Scripted",
        })
    }
}

type Function<Question, Fact> = Box<dyn Fn(&Question) -> Fact + Send + Sync>;

/// What a test says in the place of a pool's code.
pub struct Script {
    /// In the place of DefineAuthChallenge.
    pub define: Function<DefineChallenge, Defined>,
    /// In the place of CreateAuthChallenge.
    pub create: Function<CreateChallenge, Created>,
    /// In the place of VerifyAuthChallengeResponse.
    pub verify: Function<VerifyChallenge, bool>,
}

impl Triggers {
    /// What comes next in a custom sign-in; None without such code.
    #[must_use]
    pub fn define(&self, question: &DefineChallenge) -> Option<Defined> {
        self.script().map(|script| (script.define)(question))
    }

    /// A custom challenge; None without such code.
    #[must_use]
    pub fn create(&self, question: &CreateChallenge) -> Option<Created> {
        self.script().map(|script| (script.create)(question))
    }

    /// Whether an answer is right; None without such code.
    #[must_use]
    pub fn verify(&self, question: &VerifyChallenge) -> Option<bool> {
        self.script().map(|script| (script.verify)(question))
    }

    fn script(&self) -> Option<&Script> {
        match self {
            Self::None => None,
            Self::Scripted(script) => Some(script),
        }
    }
}
