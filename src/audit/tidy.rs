//! Closed files: compressed where that is asked for, and gone when there are too many.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use rustix::fs::OFlags;

use super::{
    names,
    settings::{Compress, Rotation},
};

const CHUNK: usize = 64 * 1024;
/// With records, zstd's first level is its fastest and no larger than the third.
const ZSTD_LEVEL: i32 = 1;

/// Clears what was cut off, removes what is beyond `AUDIT_KEEP`, compresses the rest. Takes its
/// time: for a thread of its own.
pub(super) fn tidy(log: &Path, rotation: &Rotation) -> io::Result<()> {
    for temporary in names::all_temporary(log)? {
        fs::remove_file(temporary)?;
    }
    let mut closed = names::all_closed(log)?;
    if rotation.keep > 0 {
        let mut kept = 0;
        let mut newer: Option<names::Closed> = None;
        for file in std::mem::take(&mut closed).into_iter().rev() {
            kept += usize::from(!newer.as_ref().is_some_and(|newer| newer.is_twin(&file)));
            newer = Some(file.clone());
            if kept > rotation.keep {
                fs::remove_file(&file.path)?;
            } else {
                closed.push(file);
            }
        }
        closed.reverse();
    }
    closed
        .iter()
        .filter(|file| !file.compressed)
        .try_for_each(|file| compress(&file.path, rotation.compress))
}

/// Puts a compressed file in the place of a plain one, which goes once the other is on the disk.
fn compress(file: &Path, how: Compress) -> io::Result<()> {
    let Some((whole, half)) = names::compressed(file, how) else {
        return Ok(());
    };
    let source = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(file)?;
    let target = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(source.metadata()?.mode() & 0o777)
        .open(&half)?;
    let written = encode(source, &target, how).and_then(|()| target.sync_all());
    if let Err(error) = written.and_then(|()| fs::rename(&half, &whole)) {
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    File::open(names::folder(file))?.sync_all()?;
    fs::remove_file(file)
}

fn encode(source: File, target: &File, how: Compress) -> io::Result<()> {
    match how {
        Compress::Off => Ok(()),
        Compress::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(target, flate2::Compression::default());
            pour(source, &mut encoder)?;
            encoder.finish().map(drop)
        }
        Compress::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(target, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            pour(source, &mut encoder)?;
            encoder.finish().map(drop)
        }
    }
}

fn pour(mut source: File, target: &mut impl Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => target.write_all(&chunk[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
