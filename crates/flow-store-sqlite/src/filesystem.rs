//! Network file systems, on which SQLite's locks and shared memory do not hold.

use flow_store::StoreError;
use std::path::Path;

/// Kinds that `statfs` tells by their number.
const NETWORK_KINDS: &[(u64, &str)] = &[
    (0x6969, "nfs"),
    (0x517B, "smb"),
    (0xFE53_4D42, "smb2"),
    (0xFF53_4D42, "cifs"),
    (0x00C3_6400, "ceph"),
    (0x5346_414F, "afs"),
    (0x0102_1997, "9p"),
    (0x0BD0_0BD0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x0116_1970, "gfs2"),
    (0x7461_636F, "ocfs2"),
    (0x7375_7245, "coda"),
    (0x564C, "ncp"),
];

/// All of FUSE has one number; these kinds of it are on a network.
const FUSE: u64 = 0x6573_5546;
const NETWORK_FUSE: &[&str] = &[
    "sshfs", "s3fs", "rclone", "gluster", "ceph", "davfs", "curlftp", "goofys", "gcsfuse", "blobfuse", "juicefs",
    "moosefs", "mfs", "nfs", "smb", "seaweed", "lizard", "beegfs",
];

/// Refuses a database in `folder` if that is on a network file system.
pub(crate) fn refuse_network(folder: &Path, database: &Path) -> Result<(), StoreError> {
    let Ok(found) = rustix::fs::statfs(folder) else {
        return Ok(()); // opening the database will say what is wrong
    };
    let magic = found.f_type as u64 & 0xFFFF_FFFF;
    let mount = if magic == FUSE { mount_kind(folder) } else { None };
    match network_kind(magic, mount.as_deref()) {
        Some(kind) => Err(StoreError::NetworkFilesystem { path: database.to_path_buf(), kind }),
        None => Ok(()),
    }
}

fn network_kind(magic: u64, mount: Option<&str>) -> Option<String> {
    if let Some((_, kind)) = NETWORK_KINDS.iter().find(|(number, _)| *number == magic) {
        return Some((*kind).to_owned());
    }
    let mount = mount.filter(|_| magic == FUSE)?;
    NETWORK_FUSE.iter().any(|kind| mount.contains(kind)).then(|| mount.to_owned())
}

/// The kind of the mount that `folder` is on, such as `fuse.sshfs`.
fn mount_kind(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    kind_of_mount(&mounts, &folder)
}

/// Looks `folder` up in the text of `/proc/self/mountinfo`: the deepest mount point above it counts, and of several on
/// the same point the last one.
fn kind_of_mount(mounts: &str, folder: &Path) -> Option<String> {
    let entry = |line: &str| {
        let (left, right) = line.split_once(" - ")?;
        let point = left.split(' ').nth(4)?.replace("\\040", " ");
        let kind = right.split(' ').next()?.to_owned();
        folder.starts_with(&point).then_some((point.len(), kind))
    };
    mounts.lines().filter_map(entry).max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_told_by_their_number() {
        assert_eq!(network_kind(0x6969, None).as_deref(), Some("nfs"));
        assert_eq!(network_kind(0xFF53_4D42, None).as_deref(), Some("cifs"));
        assert_eq!(network_kind(0xEF53, None), None, "ext4");
        assert_eq!(network_kind(0x0102_1994, None), None, "tmpfs");
    }

    #[test]
    fn fuse_is_told_by_the_name_of_its_mount() {
        assert_eq!(network_kind(FUSE, Some("fuse.sshfs")).as_deref(), Some("fuse.sshfs"));
        assert_eq!(network_kind(FUSE, Some("fuseblk")), None);
        assert_eq!(network_kind(FUSE, None), None);
    }

    #[test]
    fn the_deepest_mount_above_the_folder_counts() {
        let mounts = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                      40 22 0:45 / /mnt/far\\040away rw - fuse.sshfs host:/ rw\n\
                      41 22 0:46 / /mnt rw - tmpfs tmpfs rw\n";
        let kind = |folder: &str| kind_of_mount(mounts, Path::new(folder));
        assert_eq!(kind("/mnt/far away/data").as_deref(), Some("fuse.sshfs"));
        assert_eq!(kind("/mnt/near").as_deref(), Some("tmpfs"));
        assert_eq!(kind("/home").as_deref(), Some("ext4"));
    }
}
