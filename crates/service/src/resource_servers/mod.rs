//! Resource servers of user pools: create, describe, update, delete, list.

mod servers;

use cognate_api::idp::op;

use crate::Operations;

/// The operations on resource servers.
pub(crate) fn operations() -> Operations {
    Operations::new()
        .on(op::CreateResourceServer, servers::create_resource_server)
        .on(
            op::DescribeResourceServer,
            servers::describe_resource_server,
        )
        .on(op::UpdateResourceServer, servers::update_resource_server)
        .on(op::DeleteResourceServer, servers::delete_resource_server)
        .on(op::ListResourceServers, servers::list_resource_servers)
}
