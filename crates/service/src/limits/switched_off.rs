//! Operations that the operator has switched off, for everybody.

use cognate_api::OperationInfo;

use crate::{App, Error, ErrorCode, Result};

/// Whether an operation may be called on this server at all.
///
/// # Errors
/// `OperationNotEnabledException` when the operator has switched it off; where the model does not
/// list that one, `NotAuthorizedException` or else `InvalidParameterException`.
pub(crate) fn check_enabled(app: &App, operation: &OperationInfo) -> Result<()> {
    if !app.config.operations_off.contains(operation.name) {
        return Ok(());
    }
    let lists = |code| operation.errors.contains(&code);
    Err(if lists(ErrorCode::OperationNotEnabled) {
        Error::operation_is_off(operation.name)
    } else if lists(ErrorCode::NotAuthorized) {
        Error::operation_is_off_for_all(operation.name)
    } else {
        Error::operation_is_no_choice(operation.name)
    })
}
