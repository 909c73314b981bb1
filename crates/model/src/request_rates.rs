//! Rates of requests: the categories by which Cognito counts operations, what each may do in a
//! second, and the bucket that counts (docs/protocol.md §11.3).

pub mod bucket;
pub mod table;

#[cfg(test)]
mod tests;

/// A category of operations, which share one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Sign-ins and their challenges.
    UserAuthentication,
    /// Sign-up, by users and operators.
    UserCreation,
    /// Sign-ins by other identity providers.
    UserFederation,
    /// Passwords: forgotten, changed, set.
    UserAccountRecovery,
    /// Reading a user.
    UserRead,
    /// Changing a user.
    UserUpdate,
    /// Revoking tokens.
    UserToken,
    /// Reading what a user has: devices, groups, passkeys, sessions.
    UserResourceRead,
    /// Changing it.
    UserResourceUpdate,
    /// Lists of users.
    UserList,
    /// Reading pools.
    UserPoolRead,
    /// Changing pools.
    UserPoolUpdate,
    /// Reading what a pool has: groups, resource servers, tags.
    UserPoolResourceRead,
    /// Changing it.
    UserPoolResourceUpdate,
    /// Reading app clients.
    UserPoolClientRead,
    /// Changing them.
    UserPoolClientUpdate,
    /// Tokens for machines.
    ClientAuthentication,
    /// Reading and changing these rates.
    LimitManagement,
}

/// Whether an operation on one user reads or changes; each has a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It reads.
    Read,
    /// It changes.
    Write,
}

/// How often one user is read in a second, and how often one is changed.
pub const PER_USER: u32 = 10;
/// How often one operation of some categories is done on one pool in a second.
pub const PER_POOL: u32 = 5;
/// So many times the rate of UserAuthentication is there for answers to challenges, before they
/// take from that rate itself.
pub const ANSWERS_PER_SIGN_IN: u32 = 3;

/// What is true of a category: its name, what all its operations may do in a second at Cognito,
/// whether that can be raised, and the operations.
struct Known {
    category: Category,
    name: &'static str,
    rate: u32,
    is_adjustable: bool,
    operations: &'static [&'static str],
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::UserAuthentication,
        Self::UserCreation,
        Self::UserFederation,
        Self::UserAccountRecovery,
        Self::UserRead,
        Self::UserUpdate,
        Self::UserToken,
        Self::UserResourceRead,
        Self::UserResourceUpdate,
        Self::UserList,
        Self::UserPoolRead,
        Self::UserPoolUpdate,
        Self::UserPoolResourceRead,
        Self::UserPoolResourceUpdate,
        Self::UserPoolClientRead,
        Self::UserPoolClientUpdate,
        Self::ClientAuthentication,
        Self::LimitManagement,
    ];

    /// The category of an operation of user pools.
    #[must_use]
    pub fn of(operation: &str) -> Option<Self> {
        let known = KNOWN
            .iter()
            .find(|known| known.operations.contains(&operation))?;
        Some(known.category)
    }

    /// All operations that have a category.
    pub fn operations() -> impl Iterator<Item = &'static str> {
        KNOWN.iter().flat_map(|known| known.operations).copied()
    }

    /// The category of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let known = KNOWN.iter().find(|known| known.name == name)?;
        Some(known.category)
    }

    /// Its name, as the value of `Category` in a limit's definition.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.known().name
    }

    /// How many requests a second Cognito lets through at no cost.
    #[must_use]
    pub fn cognitos_rate(self) -> u32 {
        self.known().rate
    }

    /// Whether Cognito lets the rate be raised.
    #[must_use]
    pub fn is_adjustable(self) -> bool {
        self.known().is_adjustable
    }

    /// Whether each of its operations also has [`PER_POOL`] for each pool.
    #[must_use]
    pub fn is_counted_per_pool(self) -> bool {
        matches!(
            self,
            Self::UserPoolResourceRead
                | Self::UserPoolResourceUpdate
                | Self::UserPoolClientRead
                | Self::UserPoolClientUpdate
        )
    }

    /// What its operations do to the one user that they are about, if they are about one.
    #[must_use]
    pub fn access(self) -> Option<Access> {
        match self {
            Self::UserAuthentication | Self::UserRead | Self::UserResourceRead => {
                Some(Access::Read)
            }
            Self::UserAccountRecovery | Self::UserUpdate | Self::UserResourceUpdate => {
                Some(Access::Write)
            }
            _ => None,
        }
    }

    fn known(self) -> &'static Known {
        &KNOWN[self as usize]
    }
}

/// In the order of [`Category::ALL`]. The operations that AWS's list of categories does not name
/// are in the category of those that they resemble.
static KNOWN: [Known; 18] = [
    Known {
        category: Category::UserAuthentication,
        name: "UserAuthentication",
        rate: 120,
        is_adjustable: true,
        operations: &[
            "AdminInitiateAuth",
            "AdminRespondToAuthChallenge",
            "GetDerivedToken",
            "GetTokensFromRefreshToken",
            "GetUserAuthFactors",
            "InitiateAuth",
            "RespondToAuthChallenge",
        ],
    },
    Known {
        category: Category::UserCreation,
        name: "UserCreation",
        rate: 50,
        is_adjustable: true,
        operations: &[
            "AdminConfirmSignUp",
            "AdminCreateUser",
            "ConfirmSignUp",
            "SignUp",
        ],
    },
    Known {
        category: Category::UserFederation,
        name: "UserFederation",
        rate: 25,
        is_adjustable: true,
        // Endpoints of pages, and no operations.
        operations: &[],
    },
    Known {
        category: Category::UserAccountRecovery,
        name: "UserAccountRecovery",
        rate: 30,
        is_adjustable: false,
        operations: &[
            "AdminResetUserPassword",
            "AdminSetUserPassword",
            "ChangePassword",
            "ConfirmForgotPassword",
            "ForgotPassword",
        ],
    },
    Known {
        category: Category::UserRead,
        name: "UserRead",
        rate: 120,
        is_adjustable: true,
        operations: &["AdminGetUser", "AdminGetUserAuthFactors", "GetUser"],
    },
    Known {
        category: Category::UserUpdate,
        name: "UserUpdate",
        rate: 25,
        is_adjustable: false,
        operations: &[
            "AdminAddUserToGroup",
            "AdminDeleteUser",
            "AdminDeleteUserAttributes",
            "AdminDisableProviderForUser",
            "AdminDisableUser",
            "AdminEnableUser",
            "AdminLinkProviderForUser",
            "AdminRemoveUserFromGroup",
            "AdminRevokeUserSession",
            "AdminUpdateUserAttributes",
            "AdminUserGlobalSignOut",
            "DeleteUser",
            "DeleteUserAttributes",
            "GlobalSignOut",
            "RevokeUserSession",
            "UpdateUserAttributes",
            "VerifyUserAttribute",
        ],
    },
    Known {
        category: Category::UserToken,
        name: "UserToken",
        rate: 120,
        is_adjustable: true,
        operations: &["RevokeToken"],
    },
    Known {
        category: Category::UserResourceRead,
        name: "UserResourceRead",
        rate: 50,
        is_adjustable: true,
        operations: &[
            "AdminGetDevice",
            "AdminListDevices",
            "AdminListGroupsForUser",
            "AdminListUserAuthEvents",
            "AdminListUserSessions",
            "GetDevice",
            "GetUserAttributeVerificationCode",
            "ListDevices",
            "ListUserSessions",
            "ListWebAuthnCredentials",
            "ResendConfirmationCode",
        ],
    },
    Known {
        category: Category::UserResourceUpdate,
        name: "UserResourceUpdate",
        rate: 25,
        is_adjustable: false,
        operations: &[
            "AdminDeleteSoftwareToken",
            "AdminForgetDevice",
            "AdminSetUserMFAPreference",
            "AdminSetUserSettings",
            "AdminUpdateAuthEventFeedback",
            "AdminUpdateDeviceStatus",
            "AssociateSoftwareToken",
            "CompleteWebAuthnRegistration",
            "ConfirmDevice",
            "DeleteWebAuthnCredential",
            "ForgetDevice",
            "SetUserMFAPreference",
            "SetUserSettings",
            "StartWebAuthnRegistration",
            "UpdateAuthEventFeedback",
            "UpdateDeviceStatus",
            "VerifySoftwareToken",
        ],
    },
    Known {
        category: Category::UserList,
        name: "UserList",
        rate: 30,
        is_adjustable: false,
        operations: &["ListUsers", "ListUsersInGroup"],
    },
    Known {
        category: Category::UserPoolRead,
        name: "UserPoolRead",
        rate: 15,
        is_adjustable: false,
        operations: &[
            "DescribePointInTimeRecovery",
            "DescribeUserPool",
            "ListPointInTimeRecoveries",
            "ListUserPoolReplicas",
            "ListUserPools",
        ],
    },
    Known {
        category: Category::UserPoolUpdate,
        name: "UserPoolUpdate",
        rate: 15,
        is_adjustable: false,
        operations: &[
            "CancelPointInTimeRecovery",
            "CreateUserPool",
            "CreateUserPoolReplica",
            "DeleteUserPool",
            "DeleteUserPoolReplica",
            "InitiatePointInTimeRecovery",
            "StartPointInTimeRecovery",
            "UpdateUserPool",
            "UpdateUserPoolReplica",
        ],
    },
    Known {
        category: Category::UserPoolResourceRead,
        name: "UserPoolResourceRead",
        rate: 20,
        is_adjustable: false,
        operations: &[
            "DescribeCIMDPolicy",
            "DescribeIdentityProvider",
            "DescribeManagedLoginBranding",
            "DescribeManagedLoginBrandingByClient",
            "DescribeResourceServer",
            "DescribeRiskConfiguration",
            "DescribeTerms",
            "DescribeTermsByClient",
            "DescribeUserImportJob",
            "DescribeUserPoolDomain",
            "GetCSVHeader",
            "GetGroup",
            "GetIdentityProviderByIdentifier",
            "GetLogDeliveryConfiguration",
            "GetSigningCertificate",
            "GetUICustomization",
            "GetUserPoolMfaConfig",
            "GetUserPoolSessionConfiguration",
            "ListCIMDPolicies",
            "ListClientMetadataURLs",
            "ListGroups",
            "ListIdentityProviders",
            "ListResourceServers",
            "ListTagsForResource",
            "ListTerms",
            "ListUserImportJobs",
        ],
    },
    Known {
        category: Category::UserPoolResourceUpdate,
        name: "UserPoolResourceUpdate",
        rate: 15,
        is_adjustable: false,
        operations: &[
            "AddCustomAttributes",
            "CreateCIMDPolicy",
            "CreateGroup",
            "CreateIdentityProvider",
            "CreateManagedLoginBranding",
            "CreateResourceServer",
            "CreateTerms",
            "CreateUserImportJob",
            "CreateUserPoolDomain",
            "DeleteCIMDPolicy",
            "DeleteGroup",
            "DeleteIdentityProvider",
            "DeleteManagedLoginBranding",
            "DeleteResourceServer",
            "DeleteTerms",
            "DeleteUserPoolDomain",
            "SetLogDeliveryConfiguration",
            "SetRiskConfiguration",
            "SetUICustomization",
            "SetUserPoolMfaConfig",
            "SetUserPoolSessionConfiguration",
            "StartUserImportJob",
            "StopUserImportJob",
            "TagResource",
            "UntagResource",
            "UpdateCIMDPolicy",
            "UpdateClientMetadataURLState",
            "UpdateGroup",
            "UpdateIdentityProvider",
            "UpdateManagedLoginBranding",
            "UpdateResourceServer",
            "UpdateTerms",
            "UpdateUserPoolDomain",
        ],
    },
    Known {
        category: Category::UserPoolClientRead,
        name: "UserPoolClientRead",
        rate: 15,
        is_adjustable: false,
        operations: &[
            "DescribeUserPoolClient",
            "GetUserPoolClientSessionConfiguration",
            "ListUserPoolClientSecrets",
            "ListUserPoolClients",
        ],
    },
    Known {
        category: Category::UserPoolClientUpdate,
        name: "UserPoolClientUpdate",
        rate: 15,
        is_adjustable: false,
        operations: &[
            "AddUserPoolClientSecret",
            "CreateUserPoolClient",
            "DeleteUserPoolClient",
            "DeleteUserPoolClientSecret",
            "SetUserPoolClientSessionConfiguration",
            "UpdateUserPoolClient",
        ],
    },
    Known {
        category: Category::ClientAuthentication,
        name: "ClientAuthentication",
        rate: 150,
        is_adjustable: false,
        operations: &["GetClientToken"],
    },
    Known {
        category: Category::LimitManagement,
        name: "LimitManagement",
        rate: 1,
        is_adjustable: false,
        operations: &["GetProvisionedLimit", "UpdateProvisionedLimit"],
    },
];
