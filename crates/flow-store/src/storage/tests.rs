use super::folder::Folder;
use super::*;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::tempdir;

fn large(fill: u8) -> Bytes {
    vec![fill; INLINE_LIMIT + 1].into()
}

fn files_below(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_below(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn small_streams_stay_inline_and_large_ones_become_objects() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let small = Bytes::from(vec![1; INLINE_LIMIT]);
    assert_eq!(storage.save(small.clone()).await.unwrap(), SavedData::Inline(small.clone()));
    let saved = storage.save(large(2)).await.unwrap();
    assert!(matches!(&saved, SavedData::Object { bytes, .. } if *bytes == INLINE_LIMIT as u64 + 1));
    assert_eq!(storage.load(&saved).await.unwrap(), Some(large(2)));
    assert_eq!(storage.load(&SavedData::Inline(small.clone())).await.unwrap(), Some(small));
    assert_eq!(storage.load(&SavedData::None).await.unwrap(), None);
}

#[tokio::test]
async fn equal_bytes_are_one_object_also_when_written_at_the_same_time() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let (one, two) = tokio::join!(storage.put_object(large(3)), storage.put_object(large(3)));
    assert_eq!(one.unwrap(), two.unwrap());
    storage.put_object(large(3)).await.unwrap();
    storage.put_object(large(4)).await.unwrap();
    assert_eq!(files_below(folder.path()), 2);
}

#[tokio::test]
async fn a_damaged_object_is_not_given_out() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let object = storage.put_object(large(5)).await.unwrap();
    let path = folder.path().join(&object.key);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = storage.get_object(&object.key, &object.hash).await.unwrap_err();
    assert_eq!(error.code(), "storage/corrupt");
    fs::remove_file(&path).unwrap();
    let error = storage.get_object(&object.key, &object.hash).await.unwrap_err();
    assert_eq!(error.code(), "storage/missing-object");
    assert!(error.to_string().contains(&object.key), "{error}");
}

#[tokio::test]
async fn a_truncated_object_is_written_anew() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let object = storage.put_object(large(6)).await.unwrap();
    fs::write(folder.path().join(&object.key), b"short").unwrap();
    assert_eq!(storage.put_object(large(6)).await.unwrap(), object);
    assert_eq!(storage.get_object(&object.key, &object.hash).await.unwrap(), large(6));
}

#[tokio::test]
async fn a_key_cannot_lead_out_of_the_storage() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path().join("storage")).unwrap();
    fs::write(folder.path().join("secret"), "x").unwrap();
    for key in ["../secret", "/etc/hostname", "objects/../../secret", ""] {
        let error = storage.get_object(key, "00").await.unwrap_err();
        assert_eq!(error.code(), "storage/missing-object", "{key}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_at_start() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    let error = CheckpointStorage::open(file.join("storage")).unwrap_err();
    assert_eq!(error.code(), "storage/not-writable");
    assert!(error.to_string().contains("storage"), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_refused() {
    let folder = tempdir().unwrap();
    let storage = Folder::open(folder.path()).unwrap();
    let object = storage.put_object(large(7)).await.unwrap();
    let set_mode = |mode| fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o500);
    let can_write_all_the_same = tempfile::tempfile_in(folder.path()).is_ok(); // as root
    let probed = storage.check_writable();
    set_mode(0o700);
    if !can_write_all_the_same {
        assert_eq!(probed.unwrap_err().code(), "storage/not-writable");
    }
    // A folder that has gone is refused for everybody.
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(storage.check_writable().unwrap_err().code(), "storage/not-writable");
    assert_eq!(storage.put_object(large(8)).await.unwrap_err().code(), "storage/not-writable");
    let error = storage.get_object(&object.key, &object.hash).await.unwrap_err();
    assert_eq!(error.code(), "storage/missing-object");
}

#[test]
fn no_probe_is_left_behind() {
    let folder = tempdir().unwrap();
    let storage = Folder::open(folder.path()).unwrap();
    storage.check_writable().unwrap();
    assert_eq!(files_below(folder.path()), 0);
}

#[tokio::test]
async fn what_is_written_bit_by_bit_is_saved_like_bytes() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let write = |bytes: usize| {
        move |file: &mut dyn Write| -> Result<&'static str, io::Error> {
            (0..bytes).try_for_each(|_| file.write_all(&[5]))?;
            Ok("written")
        }
    };
    let (small, answer) = storage.save_written(write(10)).await.unwrap().unwrap();
    assert_eq!((small, answer), (SavedData::Inline(vec![5; 10].into()), "written"));
    let (saved, _) = storage.save_written(write(INLINE_LIMIT + 1)).await.unwrap().unwrap();
    assert_eq!(saved, storage.save(large(5)).await.unwrap());
    let SavedData::Object { key, hash, .. } = &saved else { panic!("{saved:?}") };
    let mut read = Vec::new();
    io::Read::read_to_end(&mut storage.open_object(key, hash).await.unwrap(), &mut read).unwrap();
    assert_eq!(read, large(5));
    let failed = storage.save_written(|_| Err::<(), _>("no")).await.unwrap();
    assert_eq!(failed, Err("no"));
    assert_eq!(files_below(folder.path()), 1, "nothing else is left");
}

#[tokio::test]
async fn a_damaged_object_is_found_by_its_hash_however_it_is_read() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let saved = storage.save(large(7)).await.unwrap();
    let SavedData::Object { key, hash, .. } = &saved else { panic!("{saved:?}") };
    let path = folder.path().join(key);
    let damages: [fn(&mut Vec<u8>); 3] = [|bytes| bytes[100] ^= 1, |bytes| bytes.truncate(5), |bytes| bytes.push(0)];
    for damage in damages {
        let mut bytes = large(7).to_vec();
        damage(&mut bytes);
        std::fs::write(&path, bytes).unwrap();
        let error = storage.load(&saved).await.unwrap_err();
        assert_eq!(error.code(), "storage/corrupt");
        assert!(error.to_string().contains("earlier saved point"), "{error}");
        assert_eq!(storage.open_object(key, hash).await.unwrap_err().code(), "storage/corrupt");
    }
    let mut bytes = large(7).to_vec();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(storage.save(large(7)).await.unwrap(), saved, "whoever saves the same again mends it");
    assert!(storage.open_object(key, hash).await.is_ok());
}

#[tokio::test]
async fn a_failed_fsync_is_fatal_but_a_full_disk_is_an_error() {
    static FATAL: AtomicUsize = AtomicUsize::new(0);
    let folder = tempdir().unwrap();
    let mut storage = Folder::open(folder.path()).unwrap();
    storage.fatal = |_| {
        FATAL.fetch_add(1, Ordering::SeqCst);
    };
    storage.sync = |_| Err(io::ErrorKind::StorageFull.into());
    assert_eq!(storage.put_object(large(1)).await.unwrap_err().code(), "storage/not-writable");
    assert_eq!(FATAL.load(Ordering::SeqCst), 0);
    storage.sync = |_| Err(io::Error::from_raw_os_error(5));
    assert!(storage.put_object(large(1)).await.is_err());
    assert_eq!(FATAL.load(Ordering::SeqCst), 1);
    storage.sync = File::sync_all;
    assert!(storage.put_object(large(1)).await.is_ok());
}

#[tokio::test]
async fn a_folder_that_another_process_made_is_made_durable_before_objects_in_it_count() {
    static SYNCED: AtomicUsize = AtomicUsize::new(0);
    let folder = tempdir().unwrap();
    Folder::open(folder.path()).unwrap().put_object(large(1)).await.unwrap();
    let mut storage = Folder::open(folder.path()).unwrap();
    storage.sync = |file| {
        SYNCED.fetch_add(1, Ordering::SeqCst);
        file.sync_all()
    };
    storage.put_object(large(1)).await.unwrap();
    assert_eq!(SYNCED.swap(0, Ordering::SeqCst), 3, "the file, its folder, and what that is in");
    storage.put_object(large(1)).await.unwrap();
    assert_eq!(SYNCED.swap(0, Ordering::SeqCst), 2, "from then on the file and its folder");
}

#[tokio::test]
async fn what_an_earlier_collection_left_aside_is_still_read_and_brought_back() {
    let folder = tempdir().unwrap();
    let storage = CheckpointStorage::open(folder.path()).unwrap();
    let saved = storage.save(large(3)).await.unwrap();
    let SavedData::Object { key, .. } = &saved else { panic!("{saved:?}") };
    let path = folder.path().join(key);
    std::fs::rename(&path, folder::aside(&path).unwrap()).unwrap();
    assert!(storage.load(&saved).await.is_ok());
    storage.objects().await.unwrap();
    assert!(path.exists());
}
