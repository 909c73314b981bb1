//! Nodes that start: at the same moment on an empty database, and with a key that is not the
//! others'.

use cognate_crypto::seal::MasterKey;
use cognate_store::{Db, DbOptions, OpenError};
use cognate_testkit::{Shared, TestServer, for_each_shared_database, master_key};
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_on_an_empty_database_make_it_once() {
    for_each_shared_database(async |shared: Shared| {
        // Generators that have nothing in common with one another.
        let lender = TestServer::start().await;
        let opened = join_all((0..5).map(|_| {
            let options = DbOptions::new(&shared.url, master_key(), lender.random());
            tokio::spawn(Db::open(options))
        }))
        .await;
        let nodes: Vec<Db> = opened.into_iter().map(|db| db.unwrap().unwrap()).collect();
        let sealed = nodes[0].seal(&[b"test"], b"secret").unwrap();
        for node in &nodes {
            assert_eq!(node.server_secret("codes"), nodes[0].server_secret("codes"));
            assert_eq!(
                node.open_sealed(&[b"test"], &sealed).unwrap().expose(),
                b"secret"
            );
        }
        let [server] = shared.nodes().await;
        server
            .confirmed_user("ana")
            .await
            .sign_in_srp()
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_another_master_key_is_refused_and_harms_nothing() {
    for_each_shared_database(async |shared: Shared| {
        let [server] = shared.nodes().await;
        let ana = server.confirmed_user("ana").await;
        let other = MasterKey::from_bytes([9; 32]);
        let refusal = Db::open(DbOptions::new(&shared.url, other, server.random()))
            .await
            .err();
        assert!(
            matches!(refusal, Some(OpenError::WrongMasterKey)),
            "{refusal:?}"
        );
        ana.sign_in().await.unwrap();
        ana.on(&server.join(&shared.url).await.unwrap())
            .sign_in()
            .await
            .unwrap();
    })
    .await;
}
