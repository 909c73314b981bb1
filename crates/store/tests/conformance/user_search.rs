//! Filters of ListUsers, answered from the index.

use cognate_crypto::random::Random;
use cognate_model::{
    User, UserPoolId, UserStatus,
    user_filter::{KeyedAttribute, UserFilter, key},
};
use cognate_store::{
    Db, Error,
    user_search::{self, After, Reached},
    users,
};

use crate::{
    fixtures::{names, random, signed_up, user, user_pool, write},
    place::everywhere,
};

/// All users whom a filter finds, by pages of such a length.
async fn found(db: &Db, pool: &UserPoolId, filter: &UserFilter, limit: i64) -> Vec<User> {
    let mut reader = db.read().await.unwrap();
    let (mut all, mut after): (Vec<User>, Option<(String, String)>) = (Vec::new(), None);
    loop {
        let place = after.as_ref().map(|(key, sub)| After { key, sub });
        let page = user_search::page(&mut reader, pool, &filter.lookup(), place, limit).await;
        let page = page.unwrap();
        let is_last = page.len() < usize::try_from(limit).unwrap();
        after = page
            .last()
            .map(|last| (filter.key_of(last), last.sub.as_str().to_owned()));
        all.extend(page.into_iter().filter(|user| filter.matches(user, false)));
        if is_last {
            return all;
        }
    }
}

fn filter(text: &str) -> UserFilter {
    UserFilter::parse(text).unwrap().unwrap()
}

fn subs(users: &[User]) -> Vec<&str> {
    let mut subs: Vec<&str> = users.iter().map(|user| user.sub.as_str()).collect();
    subs.sort_unstable();
    subs
}

/// Values that meet each other often, among them what is easily done wrong.
const VALUES: [&str; 12] = [
    "",
    "a",
    "A",
    "ab",
    "aB\"\\",
    "abc",
    "b",
    "\u{e9}",
    "e\u{301}",
    "\u{10ffff}",
    "\u{fdfa}",
    "z'; --",
];

fn drawn_user(random: &mut Random, pool: &UserPoolId, number: usize) -> User {
    let mut drawn = user(pool, &format!("{}{number}", random.pick(&VALUES).unwrap()));
    for attribute in &KeyedAttribute::ALL[1..] {
        let value = (*random.pick(&VALUES).unwrap()).to_owned();
        drawn
            .attributes
            .insert(attribute.as_str().to_owned(), value);
    }
    drawn.enabled = *random.pick(&[true, false]).unwrap();
    let statuses = [
        UserStatus::Confirmed,
        UserStatus::ResetRequired,
        UserStatus::Unconfirmed,
    ];
    drawn.status = *random.pick(&statuses).unwrap();
    drawn
}

fn drawn_filter(random: &mut Random, users: &[User]) -> String {
    let others = ["cognito:user_status", "status", "sub"];
    let names = KeyedAttribute::ALL.map(KeyedAttribute::as_str);
    let names: Vec<&str> = names.into_iter().chain(others).collect();
    let name = *random.pick(&names).unwrap();
    let sub = random.pick(users).unwrap().sub.as_str();
    let words = [
        "Enabled",
        "Dis",
        "RESET_REQUIRED",
        "un",
        sub,
        &sub[..1],
        &sub[..9],
    ];
    let value = if others.contains(&name) {
        random.pick(&words)
    } else {
        random.pick(&VALUES)
    };
    let escaped = value.unwrap().replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "{name} {} \"{escaped}\"",
        random.pick(&["=", "^="]).unwrap()
    )
}

#[test]
fn a_filter_finds_exactly_those_whom_a_look_at_each_user_finds() {
    everywhere(async |place| {
        let db = place.open().await;
        let (pool, other) = (user_pool(1).id, user_pool(2).id);
        let mut random = random();
        let mut users = Vec::new();
        for number in 0..60 {
            let pool = if number % 10 == 9 { &other } else { &pool };
            users.push(drawn_user(&mut random, pool, number));
        }
        let stored = users.clone();
        write(&db, async move |tx| {
            for (number, user) in stored.iter().enumerate() {
                let name = format!("user{number}");
                // Half of them become what they are by a change.
                let becomes = number % 2 == 0;
                let mut first = user.clone();
                if becomes {
                    first.attributes.clear();
                }
                users::insert(tx, &first, &names(&name), None)
                    .await?
                    .unwrap();
                if becomes {
                    users::update(tx, user, &names(&name)).await?.unwrap();
                }
            }
            Ok(())
        })
        .await;
        users.retain(|user| user.pool == pool);
        for _ in 0..150 {
            let text = drawn_filter(&mut random, &users);
            let filter = filter(&text);
            let plainly: Vec<User> = users
                .iter()
                .filter(|user| filter.matches(user, false))
                .cloned()
                .collect();
            let found = found(&db, &pool, &filter, 7).await;
            assert_eq!(subs(&found), subs(&plainly), "{text}");
        }
    });
}

#[test]
fn pages_go_on_where_they_were_whoever_is_added_or_deleted_meanwhile() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        for number in 0..6 {
            signed_up(&db, &pool, &format!("user{number}")).await;
        }
        let filter = filter(r#"email ^= "user""#);
        let page = async |after: Option<After<'_>>| {
            let mut reader = db.read().await.unwrap();
            let lookup = filter.lookup();
            let page = user_search::page(&mut reader, &pool, &lookup, after, 3);
            page.await.unwrap()
        };
        let first = page(None).await;
        let (key, sub) = (filter.key_of(&first[2]), first[2].sub.clone());
        for name in ["user1b", "user2b"] {
            signed_up(&db, &pool, name).await;
        }
        let (of_pool, gone) = (pool.clone(), sub.clone());
        write(&db, async move |tx| {
            users::delete(tx, &of_pool, &gone).await
        })
        .await;
        let after = After {
            key: &key,
            sub: sub.as_str(),
        };
        let second = page(Some(after)).await;
        let both = first.iter().chain(&second);
        let names: Vec<&str> = both.map(|user| user.username.as_str()).collect();
        let expected = ["user0", "user1", "user2", "user2b", "user3", "user4"];
        assert_eq!(names, expected);
    });
}

#[test]
fn users_whom_an_earlier_version_has_written_are_behind_until_they_are_caught_up_with() {
    everywhere(async |place| {
        let db = place.open().await;
        let (pool, other) = (user_pool(1).id, user_pool(2).id);
        let eve = signed_up(&db, &other, "eve").await;
        let mut users = Vec::new();
        for number in 0..5 {
            users.push(signed_up(&db, &pool, &format!("user{number}")).await);
        }
        let mut reader = db.read().await.unwrap();
        assert!(!user_search::is_behind(&mut reader, &pool).await.unwrap());
        // What that version says: it inserts without keys, and leaves them as they are when it
        // changes a user.
        let (inserted, changed) = (users[0].clone(), users[1].clone());
        write(&db, async move |tx| {
            let sql = "UPDATE users SET searched_revision = NULL, search_email = NULL, search_username = NULL WHERE pool = $1 AND sub = $2";
            for user in [&inserted, &eve] {
                tx.execute(sql, &[user.pool.as_str().into(), user.sub.as_str().into()])
                    .await?;
            }
            let sql = "UPDATE users SET doc = $3, revision = 2 WHERE pool = $1 AND sub = $2";
            let next = User {
                revision: 2,
                username: "new".to_owned(),
                ..changed.clone()
            };
            let document = serde_json::to_string(&next).unwrap();
            let (pool, sub) = (changed.pool.as_str(), changed.sub.as_str());
            tx.execute(sql, &[pool.into(), sub.into(), (&document).into()])
                .await
        })
        .await;
        assert!(user_search::is_behind(&mut reader, &pool).await.unwrap());
        let of_pool = pool.clone();
        let more = write(&db, async move |tx| {
            user_search::catch_up_in(tx, &of_pool, 1).await
        })
        .await;
        assert!(more && user_search::is_behind(&mut reader, &pool).await.unwrap());
        let step = async |from: Reached, limit: i64| {
            write(&db, async move |tx| {
                user_search::catch_up(tx, &from, limit).await
            })
            .await
        };
        let first = step(Reached::default(), 1).await;
        let second = step(first.next.unwrap(), 2).await;
        assert_eq!((first.users, second.users, second.next), (1, 1, None));
        for pool in [&pool, &other] {
            assert!(!user_search::is_behind(&mut reader, pool).await.unwrap());
        }
        for (text, sub) in [
            (r#"email = "user0@example.com""#, &users[0].sub),
            (r#"username = "new""#, &users[1].sub),
        ] {
            let found = found(&db, &pool, &filter(text), 9).await;
            assert_eq!(subs(&found), [sub.as_str()], "{text}");
        }
        let old = filter(r#"username = "user1""#);
        assert!(found(&db, &pool, &old, 9).await.is_empty());
    });
}

#[test]
fn the_longest_values_have_their_place_in_the_index() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let mut ana = user(&pool, "ana");
        // Four bytes each, that no compression makes short.
        let mut random = random();
        let character = |_| char::from_u32(0x20000 + random.below(0xa000)).unwrap();
        let long: String = (0..2048).map(character).collect();
        for attribute in KeyedAttribute::ALL {
            ana.attributes
                .insert(attribute.as_str().to_owned(), long.clone());
        }
        let stored = ana.clone();
        let inserted = write(&db, async move |tx| {
            users::insert(tx, &stored, &names("ana"), None).await
        });
        inserted.await.unwrap();
        assert!(key(&ana, KeyedAttribute::Name).unwrap().len() > 1000);
        let begin: String = long.chars().take(200).collect();
        let filter = filter(&format!("name ^= \"{begin}\""));
        let found = found(&db, &pool, &filter, 9).await;
        assert_eq!(subs(&found), [ana.sub.as_str()]);
    });
}

#[test]
fn a_user_whose_document_is_unreadable_holds_up_no_other() {
    everywhere(async |place| {
        let db = place.open().await;
        let pool = user_pool(1).id;
        let mut both = [
            signed_up(&db, &pool, "ana").await,
            signed_up(&db, &pool, "bea").await,
        ];
        both.sort_by(|one, other| one.sub.as_str().cmp(other.sub.as_str()));
        let [broken, _] = both;
        let caught = write(&db, async move |tx| {
            let pool = broken.pool.as_str();
            let sql = "UPDATE users SET searched_revision = NULL WHERE pool = $1";
            tx.execute(sql, &[pool.into()]).await?;
            let sql = "UPDATE users SET doc = '{' WHERE pool = $1 AND sub = $2";
            tx.execute(sql, &[pool.into(), broken.sub.as_str().into()])
                .await?;
            user_search::catch_up(tx, &Reached::default(), 9).await
        })
        .await;
        assert_eq!((caught.users, caught.unreadable), (1, 1));
        let mut reader = db.read().await.unwrap();
        assert!(user_search::is_behind(&mut reader, &pool).await.unwrap());
        let of_pool = pool.clone();
        let outcome: Result<bool, Error> = db
            .write("test", async move |tx| {
                user_search::catch_up_in(tx, &of_pool, 9).await
            })
            .await;
        assert!(matches!(outcome, Err(Error::Unreadable(_))), "{outcome:?}");
    });
}
