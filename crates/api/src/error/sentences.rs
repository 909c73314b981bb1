//! Every sentence that a caller may read, each by a name of its own, grouped by its code.
//!
//! Clients match on many of them (docs/protocol.md §12), so those that AWS has are AWS's to the
//! letter, full stops and their absence included. Sentences of our own are marked so.

use std::fmt::Display;

use super::{Error, ErrorCode};

/// Declares constructors under the code that they share. The sentence is the documentation as well;
/// a name in braces is an argument.
macro_rules! sentences {
    ($($code:ident {
        $($(#[$note:meta])* $name:ident($($argument:ident),*) $sentence:literal;)*
    })*) => {
        impl Error {$($(
            #[doc = concat!("`", stringify!($code), "`: ", $sentence)]
            $(#[$note])*
            #[must_use]
            pub fn $name($($argument: impl Display),*) -> Self {
                Self::new(ErrorCode::$code, format!($sentence))
            }
        )*)*}
    };
}

mod quotas;

// Who signs in, and with what.
sentences! {
    NotAuthorized {
        incorrect_username_or_password() "Incorrect username or password.";
        password_attempts_exceeded() "Password attempts exceeded";
        user_is_disabled() "User is disabled.";
        temporary_password_expired() "Temporary password has expired and must be reset by an administrator.";
        invalid_session() "Invalid session for the user.";
        session_expired() "Invalid session for the user, session is expired.";
        unable_to_verify_secret_hash(client_id) "Unable to verify secret hash for client {client_id}";
        secret_hash_missing(client_id) "Client {client_id} is configured with secret but SECRET_HASH was not received";
        user_cannot_be_confirmed(status) "User cannot be confirmed. Current status is {status}";
        sign_up_not_permitted() "SignUp is not permitted for this user pool";
        unauthorized_attribute() "A client attempted to write unauthorized attribute";
        password_cannot_be_reset() "User password cannot be reset in the current state.";
        recovery_by_operators_only() "Contact administrator to reset password.";
        /// The words are ours.
        invalid_client_secret(client_id) "Invalid client secret for client {client_id}";
    }
    UserNotFound {
        user_does_not_exist() "User does not exist.";
        username_client_id_not_found() "Username/client id combination not found.";
    }
    UserNotConfirmed {
        user_is_not_confirmed() "User is not confirmed.";
    }
    PasswordResetRequired {
        password_reset_required() "Password reset required for the user";
    }
    InvalidParameter {
        user_password_auth_not_enabled() "USER_PASSWORD_AUTH flow not enabled for this client";
        auth_flow_not_enabled() "Auth flow not enabled for this client";
        missing_required_parameter(name) "Missing required parameter {name}";
        /// For one that is too far from now as well.
        timestamp_malformed() "TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english";
        custom_auth_not_configured() "Custom auth lambda trigger is not configured for the user pool.";
        /// The words are ours.
        session_without_user_auth() "A Session begins a sign-in with the flow USER_AUTH only.";
        /// In the answer to a challenge that offers a choice; the words are ours.
        choice_not_offered() "ANSWER is none of the challenges that are offered.";
        /// In the answer to NEW_PASSWORD_REQUIRED.
        attribute_is_missing(name) "Invalid attributes given, {name} is missing";
    }
}

// Second factors.
sentences! {
    NotAuthorized {
        /// The words are ours.
        no_second_factor() "The user pool demands a second factor, and the user has none.";
    }
    InvalidParameter {
        /// The words are ours, here and below.
        acr_names_not_unique() "AcrConfiguration gives two levels the same name; levels that it leaves out have their default names.";
        no_target_acr_value() "TARGET_ACR_VALUES names none of the user pool's levels.";
        target_acr_values_without_user_auth() "TARGET_ACR_VALUES is for the flow USER_AUTH only.";
        access_token_without_target() "ACCESS_TOKEN needs TARGET_ACR_VALUES beside it.";
        access_token_with_session() "ACCESS_TOKEN and Session cannot begin a sign-in together.";
        max_age_malformed() "MAX_AGE is no number of seconds.";
        target_met() "The access token meets the requested level already.";
        target_out_of_reach() "The user has no factors for any of the requested levels.";
    }
    CodeMismatch {
        /// In the answer to SMS_MFA.
        sms_code_mismatch() "Invalid code or auth state for the user.";
    }
    InvalidLambdaResponse {
        /// The words are ours.
        challenge_cannot_be_asked() "DefineAuthChallenge names a challenge that cannot be asked here.";
    }
    InvalidUserPoolConfiguration {
        /// The words are ours: this server cannot send the code that a sign-in needs.
        code_cannot_be_sent() "The code cannot be sent: this server is not set up to send it.";
    }
    EnableSoftwareTokenMFA {
        /// In VerifySoftwareToken.
        software_token_mismatch() "Code mismatch and fail enable Software Token MFA";
    }
    CodeMismatch {
        /// In the answer to SOFTWARE_TOKEN_MFA.
        software_token_code_mismatch() "Invalid code received for user";
    }
    ExpiredCode {
        software_token_used() "Your software token has already been used once.";
    }
    SoftwareTokenMFANotFound {
        software_token_not_offered() "Software Token MFA has not been enabled by the userPool";
        software_token_not_found() "Software Token MFA does not exist for the user.";
    }
    InvalidParameter {
        software_token_not_verified() "User has not verified software token mfa";
        /// By the name of its challenge.
        factor_not_ready(factor) "User does not have delivery config set to turn on {factor}";
        /// The words are ours.
        factor_not_offered(factor) "{factor} is not an MFA factor of the user pool";
        /// The words are ours.
        two_preferred_factors() "Only one MFA factor can be preferred";
        /// The words are ours.
        preferred_factor_is_off(factor) "{factor} cannot be preferred while it is not enabled";
        /// The words are ours.
        passkey_is_single_factor() "Passkeys are not MFA factors of the user pool: its WebAuthnConfiguration has no FactorConfiguration MULTI_FACTOR_WITH_USER_VERIFICATION";
        /// The words are ours.
        passkey_needs_another_factor() "A passkey can be an MFA factor only beside another one";
        /// The words are ours.
        only_sms_options() "MFAOptions can only have SMS to phone_number";
        /// The words are ours.
        access_token_or_session() "Give either AccessToken or Session";
    }
}

// Recovery codes, which AWS does not have: the words are ours.
sentences! {
    UnsupportedOperation {
        recovery_codes_not_enabled() "Recovery codes are not enabled for this user pool";
    }
    MFAMethodNotFound {
        no_factor_to_stand_in_for() "The user has no second factor that recovery codes could stand in for";
    }
    Unauthorized {
        second_factor_not_proved_lately() "Sign in with a second factor first: recovery codes are made within ten minutes of that";
    }
}

// Tokens.
sentences! {
    NotAuthorized {
        invalid_access_token() "Invalid Access Token";
        access_token_expired() "Access Token has expired";
        access_token_revoked() "Access Token has been revoked";
        access_token_lacks_scopes() "Access Token does not have required scopes";
        invalid_refresh_token() "Invalid Refresh Token";
        refresh_token_expired() "Refresh Token has expired";
        refresh_token_revoked() "Refresh Token has been revoked";
    }
    ResourceNotFound {
        /// The words are ours.
        session_does_not_exist() "Session does not exist.";
    }
    InvalidParameter {
        /// The words are ours.
        current_session_cannot_be_revoked() "The session of the access token cannot be revoked";
        /// The words are ours.
        session_tracking_is_disabled() "Session tracking is not enabled for this user pool";
    }
}

sentences! {
    RefreshTokenReuse {
        refresh_token_reused() "Refresh token has been invalidated";
    }
    Unauthorized {
        /// The words are ours.
        unauthorized_client(client_id) "The token or the secret does not belong to client {client_id}";
    }
    UnsupportedTokenType {
        unsupported_token_type() "Unsupported token type";
    }
    UnsupportedOperation {
        /// The words are ours.
        token_revocation_not_enabled() "Token revocation is not enabled for this client";
    }
}

// Accounts, their attributes, passwords and codes.
sentences! {
    UsernameExists {
        user_already_exists() "User already exists";
        /// The words of AliasExistsException, in pools whose sign-in names are attributes.
        username_exists_with(attribute) "An account with the given {attribute} already exists.";
        user_account_already_exists() "User account already exists";
    }
    AliasExists {
        alias_exists(attribute) "An account with the given {attribute} already exists.";
    }
    CodeMismatch {
        code_mismatch() "Invalid verification code provided, please try again.";
    }
    UnsupportedUserState {
        /// The words are ours.
        resend_not_possible(status) "Resend not possible. {status} status is not FORCE_CHANGE_PASSWORD";
    }
    CodeDeliveryFailure {
        /// The words are ours.
        code_delivery_failure(why) "The message cannot be sent: {why}";
    }
    ExpiredCode {
        code_expired() "Invalid code provided, please request a code again.";
    }
    LimitExceeded {
        attempt_limit_exceeded() "Attempt limit exceeded, please try after some time.";
        /// The words are ours: of all messages of a user pool.
        message_limit_exceeded() "Exceeded the hourly message limit of the user pool, please try after some time.";
        /// The words are ours.
        limit_exceeded(what) "The limit is reached: {what}";
    }
    InvalidPassword {
        /// One of the reasons `Password not long enough`, `Password must have uppercase characters`
        /// and so on.
        password_does_not_conform(reason) "Password did not conform with policy: {reason}";
    }
    PasswordHistoryPolicyViolation {
        /// The words are ours.
        password_was_used_before() "Password has previously been used";
    }
    InvalidParameter {
        user_is_already_confirmed() "User is already confirmed.";
        username_should_be_an_email() "Username should be an email.";
        username_should_be_a_phone_number() "Username should be a phone number.";
        username_should_be_an_email_or_phone_number() "Username should be either an email or a phone number.";
        username_cannot_be_of_email_format() "Username cannot be of email format, since user pool is configured for email alias.";
        username_cannot_be_of_phone_number_format() "Username cannot be of phone number format, since user pool is configured for phone number alias.";
        /// The words are ours.
        cannot_be_verified() "Only email and phone_number can be verified.";
        auto_verification_not_turned_on() "Auto verification not turned on.";
        cannot_modify_provided(attribute) "Cannot modify an already provided {attribute}";
        auth_method_not_supported() "Initiate Auth method not supported.";
        /// The words are ours.
        verified_without_address(attribute, flag) "The attribute {flag} cannot be true without the attribute {attribute}.";
        invalid_email_address() "Invalid email address format.";
        invalid_phone_number() "Invalid phone number format.";
        message_is_invalid() "The message is invalid.";
        /// For example `email: The attribute is required`; AWS ends each with a line feed.
        attributes_do_not_conform(reasons) "Attributes did not conform to the schema: {reasons}";
        cannot_reset_password() "Cannot reset password for the user as there is no registered/verified email or phone_number";
    }
}

// Passkeys. The words are ours: AWS's are not known.
sentences! {
    WebAuthnNotEnabled {
        passkeys_not_enabled() "Passkeys are not enabled for this user pool: WEB_AUTHN is not among its AllowedFirstAuthFactors.";
    }
    WebAuthnConfigurationMissing {
        relying_party_missing() "The user pool has no relying party ID and no domain.";
    }
    WebAuthnChallengeNotFound {
        registration_not_found() "The passkey registration is not known, has expired or was completed; start another one.";
    }
    WebAuthnClientMismatch {
        registration_of_another_client() "The passkey registration was started with another app client.";
    }
    WebAuthnOriginNotAllowed {
        origin_not_allowed() "The passkey was created at an origin that is not allowed for the relying party ID of the user pool.";
    }
    WebAuthnRelyingPartyMismatch {
        relying_party_mismatch() "The passkey is for another relying party ID than that of the user pool.";
    }
    WebAuthnCredentialNotSupported {
        credential_not_supported() "The passkey's algorithm or authenticator is not supported, or its user was not verified.";
    }
    ResourceNotFound {
        passkey_does_not_exist() "Passkey does not exist.";
    }
    InvalidParameter {
        passkey_response_malformed() "Credential is not the response of an authenticator to the request.";
        invalid_relying_party_id(id) "The relying party ID {id} is no domain in lower case.";
        passkey_exists() "The passkey is registered already.";
    }
}

// Devices.
sentences! {
    ResourceNotFound {
        device_does_not_exist() "Device does not exist.";
        /// Where the model lists no UserNotFoundException.
        user_of_devices_does_not_exist() "User does not exist.";
    }
    InvalidParameter {
        invalid_device_key() "Invalid device key given.";
        /// The words are ours.
        invalid_device_secret(what) "Invalid DeviceSecretVerifierConfig given: {what}.";
    }
    DeviceKeyExists {
        /// The words are ours.
        device_key_exists() "The device was confirmed already.";
    }
}

// What an operator configures.
sentences! {
    ResourceNotFound {
        user_pool_does_not_exist(user_pool_id) "User pool {user_pool_id} does not exist.";
        user_pool_client_does_not_exist(client_id) "User pool client {client_id} does not exist.";
        group_not_found() "Group not found.";
        /// The words are ours.
        client_secret_does_not_exist(id) "Client secret {id} does not exist.";
        resource_server_does_not_exist(identifier) "Resource server {identifier} does not exist.";
    }
    LimitExceeded {
        /// The words are ours.
        too_many_client_secrets() "The app client has two active secrets already; delete one first.";
    }
    GroupExists {
        group_exists() "A group with the name already exists.";
    }
    ConcurrentModification {
        /// The words are ours.
        changed_by_another_request(what) "The {what} was changed by another request at the same time; try again";
    }
    InvalidParameter {
        deletion_protection_is_active() "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.";
        user_pool_has_a_domain() "User pool cannot be deleted. It has a domain configured that should be deleted first.";
        /// In words of the caller's own; prefer a constructor with a name for what AWS says.
        invalid_parameter(message) "{message}";
        /// The words are ours: a member that the model has and Cognate does not honour is refused,
        /// never ignored.
        parameter_not_built(member) "Cognate does not support {member} yet";
        /// The words are ours: the same for what will not be built.
        parameter_never_built(member, reason) "Cognate does not support {member}: {reason}";
        /// The words are ours: of an enumeration whose other values are honoured.
        unknown_value(value) "Cognate does not know the value {value} here";
    }
}

// Imports of users.
sentences! {
    ResourceNotFound {
        /// The words are ours.
        import_job_does_not_exist(job_id) "User import job {job_id} does not exist.";
    }
    PreconditionNotMet {
        no_csv_file(job_id) "No csv file was uploaded for {job_id}";
        /// The words are ours.
        import_job_cannot_start(status) "The user import job cannot be started. Its status is {status}";
        /// The words are ours.
        import_job_cannot_stop(status) "The user import job cannot be stopped. Its status is {status}";
        /// The words are ours.
        import_job_takes_no_file() "The user import job takes no file any more.";
        /// The words are ours.
        another_upload_began() "Another upload has begun for the user import job.";
        /// The words are ours.
        another_import_runs() "Another user import job of the user pool is active.";
        /// The words are ours.
        nothing_is_auto_verified() "The user pool has no auto verified attributes.";
    }
    UserImportInProgress {
        /// The words are ours.
        user_import_in_progress() "Users are being imported into the user pool.";
    }
    InvalidParameter {
        /// The words are ours.
        file_is_packed() "The file is taken as it is, without a content encoding.";
    }
    AccessDenied {
        /// The words are ours.
        upload_address_invalid() "The address is not valid.";
        upload_address_expired() "Request has expired";
    }
}

// The settings of a user pool and of an app client.
sentences! {
    InvalidParameter {
        /// The words are ours, here and in the next two.
        secret_of_public_client() "The app client was made without a secret and cannot get one.";
        client_secret_is_active() "This value is an active secret of the app client already.";
        last_client_secret() "The last secret of an app client cannot be deleted.";
        resource_server_exists(identifier, user_pool_id) "{identifier} already exists in user pool {user_pool_id}.";
        /// The words are ours, here and in the next two.
        resource_server_identifier_is_reserved() "Identifiers that begin with aws.cognito are reserved.";
        duplicate_scope(name) "Scopes has the scope {name} twice.";
        user_context_without_secret() "EnablePropagateAdditionalUserContextData can be activated only for an app client that has a secret.";
        aliases_and_username_attributes() "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.";
        verified_before_update_but_not_automatically() "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes";
        temporary_password_validity_twice() "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays";
        recovery_twice() "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.";
        recovery_by_admins_and_others() "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.";
        password_not_among_first_factors() "Password should be configured as one of the allowed first auth factors.";
        off_and_a_factor() "Invalid MFA configuration given, can't turn off MFA and configure an MFA together.";
        no_factor_enabled() "Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration.";
        sms_configuration_required() "SMS configuration and Auto verification for phone_number are required when MFA is required/optional";
        sms_mfa_cannot_be_turned_off() "Can't turn off SMS_MFA when SMS configuration is set for the user pool";
        email_mfa_and_recovery_by_email() "Cannot set EmailMfaConfiguration when user pool AccountRecoverySetting is not set or contains only verified_email in RecoveryMechanisms.";
        one_time_codes_and_required_mfa() "Only PASSWORD and WEB_AUTHN (if configured) can be enabled as an auth factor if MFA is enabled";
        /// In SetUserPoolMfaConfig.
        single_factor_passkeys_and_required_mfa() "Cannot set WebAuthn factor configuration to SINGLE_FACTOR if MFA is required and WebAuthn is an allowed first auth factor";
        /// In CreateUserPool and UpdateUserPool.
        passkeys_not_configured_for_mfa() "WEB_AUTHN cannot be used as an auth factor when MFA is enabled if not configured for MFA";
        source_arn_missing() "Source ARN is required to use DEVELOPER email sending owner";
        invalid_from_address() "Provided From email address is invalid";
        invalid_attribute_data_type() "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.";
        invalid_token_validity() "Invalid range for token validity.";
        access_and_id_outlive_refresh() "Access and Id Token expiration times must be less than or equal to refresh token expiration times.";
        invalid_read_attributes() "Invalid read attributes specified while creating a client";
        invalid_write_attributes() "Invalid write attributes specified while creating a client";
        legacy_and_prefixed_flows() "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.";
        identity_provider_does_not_exist(name, user_pool_id) "The provider {name} does not exist for User Pool {user_pool_id}";
        /// The words are ours.
        rotation_and_refresh_token_auth() "ALLOW_REFRESH_TOKEN_AUTH can't be in ExplicitAuthFlows while RefreshTokenRotation is ENABLED";
        invalid_pagination_token() "Invalid pagination token given.";
        requested_attributes_do_not_exist() "One or more requested attributes do not exist.";
    }
    FeatureUnavailableInTier {
        /// The words are ours.
        user_auth_needs_essentials() "ALLOW_USER_AUTH needs a user pool of the ESSENTIALS or PLUS tier";
        /// The words are ours.
        tier_lacks(member) "{member} needs a user pool of the ESSENTIALS or PLUS tier";
    }
    TierChangeNotAllowed {
        /// The words are ours.
        tier_change_not_allowed(why) "The tier cannot be changed: {why}";
    }
    InvalidEmailRoleAccessPolicy {
        /// The words in brackets are ours.
        email_identity_not_allowed() "Cognito is not allowed to use your email identity (this server's --mail-senders does not name it)";
    }
    UserPoolTagging {
        /// The words are ours.
        too_many_tags(most) "A user pool can have {most} tags at most";
        /// The words are ours.
        reserved_tag_key(key, prefix) "The tag key {key} begins with {prefix}, which is reserved";
    }
}

// The protocol and the signed API.
sentences! {
    InternalError {
        /// The words are ours, and all that is told: what happened is for the log.
        internal() "Internal error.";
    }
    UnsupportedOperation {
        /// The words are ours.
        not_built(operation) "Cognate does not offer {operation} yet";
    }
    UnknownOperation {
        /// The words are ours.
        unknown_operation() "The request names no operation that this server knows";
    }
    Serialization {
        /// The words are ours; AWS gives none.
        malformed_json() "The request body is not a JSON object";
        /// The words are ours.
        unknown_encoding() "The request body may be plain or gzip; its content encoding is neither";
        /// `found` is the JSON type in capitals, as in NUMBER_VALUE; `expected` the type of the
        /// member.
        wrong_type(found, expected) "{found} can not be converted to {expected}";
        list_not_expected() "Start of list found where not expected";
        structure_not_expected() "Start of structure or map found where not expected.";
    }
    RequestEntityTooLarge {
        /// The words are ours.
        request_too_large(limit_in_bytes) "The request body is larger than {limit_in_bytes} bytes";
    }
    RequestTimeout {
        /// The words are ours.
        request_timeout() "The request did not arrive in time";
    }
    ServiceUnavailable {
        /// The words are ours. `Error::unavailable` makes one that says why.
        service_unavailable() "The service cannot answer at the moment; try again";
        /// The words are ours. `Error::index_is_being_built` says when to try again.
        index_not_ready() "The search index of the user pool is still being built; try again";
    }
    TooManyRequests {
        too_many_requests() "Too many requests";
    }
    Throttling {
        rate_exceeded() "Rate exceeded";
    }
    MissingAuthenticationToken {
        missing_authentication_token() "Missing Authentication Token";
    }
    IncompleteSignature {
        authorization_lacks(parameter) "Authorization header requires '{parameter}' parameter";
        authorization_lacks_date() "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header";
        unsupported_algorithm() "Unsupported AWS 'algorithm'";
        credential_malformed() "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term";
        /// The words are ours.
        authorization_not_text() "Authorization header is not a single line of text";
        /// The words are ours.
        authorization_parameter_unknown() "Authorization header has a parameter that is unknown or there twice";
        /// The words are ours.
        signed_headers_malformed() "SignedHeaders must be lower case, sorted and without repetition";
        /// The words are ours.
        signature_malformed() "Signature must be 64 hexadecimal digits";
        /// The words are ours.
        presigned_not_accepted() "Presigned requests are not accepted: sign the request in its Authorization header";
    }
    UnrecognizedClient {
        security_token_invalid() "The security token included in the request is invalid.";
    }
    ExpiredToken {
        security_token_expired() "The security token included in the request is expired";
    }
    InvalidSignature {
        signature_does_not_match() "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
        scoped_to_another_region() "Credential should be scoped to a valid region.";
        scoped_to_another_service(expected) "Credential should be scoped to correct service: '{expected}'.";
        /// Days as YYYYMMDD, the date as in X-Amz-Date.
        scoped_to_another_day(scope, day, date) "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}', from '{date}'.";
        header_not_signed(name) "'{name}' must be a 'SignedHeader' in the AWS Authorization.";
        /// The words are ours.
        signed_header_missing(name) "The signed header '{name}' is not in the request.";
        /// The words are ours.
        header_repeated(name) "The header '{name}' is there more than once.";
        /// The words are ours.
        header_not_text(name) "The header '{name}' is not plain text.";
        /// The words are ours.
        payload_hash_mismatch() "The value of 'x-amz-content-sha256' is not the SHA-256 of the body; unsigned and streamed payloads are not accepted.";
        /// Times as in X-Amz-Date.
        signature_expired(signed, earliest, now) "Signature expired: {signed} is now earlier than {earliest} ({now} - 5 min.)";
        /// Times as in X-Amz-Date.
        signature_not_yet_current(signed, latest, now) "Signature not yet current: {signed} is still later than {latest} ({now} + 5 min.)";
    }
    AccessDenied {
        /// `action` with its service, as in `cognito-idp:ListUsers`.
        access_not_allowed(caller, action, resource) "User: {caller} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action";
        /// `action` with its service, as in `cognito-idp:ListUsers`.
        access_denied(caller, action, resource) "User: {caller} is not authorized to perform: {action} on resource: {resource} with an explicit deny in an identity-based policy";
        /// The words are ours.
        foreign_page() "In development mode, web pages call signed operations from this machine's own origins only";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_with_its_code_and_its_names() {
        let error = Error::unable_to_verify_secret_hash("3n4b5urk1ft4fl3mg5e62d9ado");
        assert_eq!(
            error.to_string(),
            "NotAuthorizedException: Unable to verify secret hash for client 3n4b5urk1ft4fl3mg5e62d9ado"
        );
        let error =
            Error::access_not_allowed("arn:aws:iam::1:user/ana", "cognito-idp:ListUsers", "*");
        assert_eq!(error.code, ErrorCode::AccessDenied);
        assert!(error.message.ends_with(
            "on resource: * because no identity-based policy allows the cognito-idp:ListUsers action"
        ));
    }
}
