//! The disk below SQLite: its file system, and how much room is left.

use std::fs;
use std::path::Path;

use super::finding::Finding;
use super::patient::Patient;

const DISK: &str = "disk";
/// Below this a disk is as good as full: SQLite's log alone may take 64 MiB.
const LEAST_ROOM: u64 = 256 << 20;
/// Below this it will be full one day soon.
const LITTLE_ROOM: u64 = 2 << 30;

pub(super) fn check(patient: &Patient) -> Vec<Finding> {
    let Some(file) = patient.configuration.store.sqlite_file() else {
        return Vec::new();
    };
    let Ok(file) = fs::canonicalize(file) else {
        return Vec::new();
    };
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let kind = file_system_of(&mounts, &file);
    let kind_is_bad = kind
        .as_deref()
        .and_then(|kind| unsafe_below_sqlite(&file, kind));
    let room = free_room(&file);
    let mut findings: Vec<_> = kind_is_bad.into_iter().collect();
    findings.extend(room.and_then(|room| too_little(&file, room)));
    if findings.is_empty()
        && let (Some(kind), Some(room)) = (kind, room)
    {
        findings.push(Finding::ok(
            DISK,
            format!("{kind}, {} MiB free", room >> 20),
        ));
    }
    findings
}

fn free_room(file: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(file).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

fn too_little(file: &Path, room: u64) -> Option<Finding> {
    let what = format!("{} MiB are free where {} lies", room >> 20, file.display());
    let mend =
        "make room or move the data folder: on a full disk sign-ups and sign-ins fail with 500";
    match room {
        room if room < LEAST_ROOM => Some(Finding::error(DISK, what, mend)),
        room if room < LITTLE_ROOM => Some(Finding::warning(DISK, what, mend)),
        _ => None,
    }
}

/// The type of the file system that holds a file, from /proc/self/mountinfo (proc(5)): of the mount
/// points above the file the longest, and of several on one the last.
fn file_system_of(mounts: &str, file: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        // Spaces in a name are written \040.
        let point = before.split(' ').nth(4)?.replace("\\040", " ");
        let kind = after.split(' ').next()?;
        file.starts_with(&point)
            .then(|| (point.len(), kind.to_owned()))
    });
    mounts
        .max_by_key(|(length, _)| *length)
        .map(|(_, kind)| kind)
}

fn unsafe_below_sqlite(file: &Path, kind: &str) -> Option<Finding> {
    let file = file.display();
    let is_shared = [
        "nfs",
        "cifs",
        "smb",
        "9p",
        "ceph",
        "afs",
        "lustre",
        "gfs",
        "ocfs",
        "fuse.sshfs",
        "fuse.gluster",
    ]
    .iter()
    .any(|name| kind.starts_with(name));
    if is_shared {
        return Some(Finding::error(
            DISK,
            format!(
                "{file} lies on a network file system ({kind}), where SQLite's log and locks do not hold: data may be lost"
            ),
            "put the data folder on a local disk, or use PostgreSQL",
        ));
    }
    match kind {
        "tmpfs" | "ramfs" => Some(Finding::warning(
            DISK,
            format!(
                "{file} lies in memory ({kind}) and is gone with the next start of the machine"
            ),
            "put the data folder on a disk",
        )),
        "overlay" | "aufs" => Some(Finding::warning(
            DISK,
            format!(
                "{file} lies in a container's own layer ({kind}) and is gone with the container"
            ),
            "mount a volume at the data folder",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::super::finding::Level;
    use super::*;

    const MOUNTS: &str = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /srv rw - nfs4 files:/srv rw
41 40 254:2 / /srv/my\\040disk rw - xfs /dev/vdb rw
42 22 0:36 / /run rw - tmpfs tmpfs rw";

    fn kind(file: &str) -> String {
        file_system_of(MOUNTS, Path::new(file)).unwrap()
    }

    #[test]
    fn the_file_system_is_that_of_the_nearest_mount() {
        assert_eq!(kind("/var/lib/cognate/cognate.db"), "ext4");
        assert_eq!(kind("/srv/cognate/cognate.db"), "nfs4");
        assert_eq!(kind("/srv/my disk/cognate.db"), "xfs");
        assert_eq!(kind("/srvx/cognate.db"), "ext4");
    }

    #[test]
    fn a_network_file_system_is_an_error_and_one_that_goes_away_a_warning() {
        let level = |kind| unsafe_below_sqlite(Path::new("/x"), kind).map(|found| found.level);
        assert_eq!(level("nfs4"), Some(Level::Error));
        assert_eq!(level("fuse.sshfs"), Some(Level::Error));
        assert_eq!(level("overlay"), Some(Level::Warning));
        assert_eq!(level("tmpfs"), Some(Level::Warning));
        assert_eq!(level("ext4"), None);
    }

    #[test]
    fn little_room_is_told() {
        let level = |room| too_little(Path::new("/x"), room).map(|found| found.level);
        assert_eq!(level(10 << 20), Some(Level::Error));
        assert_eq!(level(1 << 30), Some(Level::Warning));
        assert_eq!(level(10 << 30), None);
    }
}
