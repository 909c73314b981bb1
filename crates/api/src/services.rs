//! Which operations a service has: the generated tables.

use crate::operation::{OperationInfo, Service};
use crate::{identity, idp, sts};

impl Service {
    /// Every operation of the service, in the order of their names.
    #[must_use]
    pub const fn operations(self) -> &'static [OperationInfo] {
        match self {
            Self::CognitoIdp => idp::OPERATIONS,
            Self::CognitoIdentity => identity::OPERATIONS,
            Self::Sts => sts::OPERATIONS,
        }
    }
}
