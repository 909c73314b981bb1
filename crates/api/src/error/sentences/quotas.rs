//! What a server's operator allows: rates, how many there may be of something, operations that are
//! switched off. All words are ours.

use super::{Display, Error, ErrorCode};

sentences! {
    InvalidParameter {
        /// For operations that have no NotAuthorizedException either.
        operation_is_no_choice(operation) "{operation} is switched off on this server.";
        no_second_issuer() "IssuerConfiguration UPDATED needs a second form of issuer, which this server does not have. Its operator names one with --issuer-updated.";
        limit_definition_malformed() "The Attributes of a limit of the class API_CATEGORY are Category alone.";
        limit_below_free(category, free) "The limit of {category} cannot be below {free} requests a second, which are there without asking.";
    }
    ResourceNotFound {
        limit_does_not_exist(category) "Limit {category} does not exist.";
        rates_not_enforced() "This server enforces no request rates, and has no such limits. Its operator switches them on with --request-rates.";
    }
    ServiceQuotaExceeded {
        limit_above_maximum(category, maximum) "The limit of {category} cannot be above {maximum} requests a second on this server.";
    }
    LimitExceeded {
        too_many_user_pools(most) "This server has {most} user pools, and may have no more.";
    }
    OperationNotEnabled {
        operation_is_off(operation) "{operation} is switched off on this server.";
    }
    NotAuthorized {
        /// For operations that have no OperationNotEnabledException.
        operation_is_off_for_all(operation) "{operation} is switched off on this server.";
    }
}
