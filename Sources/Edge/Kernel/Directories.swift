// Directories and the life of files in them: listing, making, locking, preallocating, cutting and removing.
import Glibc

extension Kernel {
    /// Makes a directory; one that is there already is as good.
    public static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(Errno) {
        let result = pass(.open) { Int(mkdir(path, mode)) }
        if result < 0, result != -Int(EEXIST) { throw Errno(Int32(-result)) }
    }

    /// Makes a directory and all above it that are missing, for nobody but this user.
    public static func makePrivateDirectories(_ path: String) throws(Errno) {
        var above = ""
        for part in path.split(separator: "/") {
            above += "/\(part)"
            if (try? isDirectory(above)) == true { continue }
            try makeDirectory(above, mode: 0o700)
        }
    }

    /// The path from the root to what is there already, without links on the way.
    public static func absolutePath(of path: String) throws(Errno) -> String {
        guard let resolved = realpath(path, nil) else { throw .last }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The names in a directory, without `.` and `..`, sorted by their bytes.
    public static func entries(of path: String) throws(Errno) -> [String] {
        if Faults.armed, case .fail(let error)? = Faults.take(.open) { throw error }
        guard let directory = opendir(path) else { throw .last }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether a path leads to a directory.
    public static func isDirectory(_ path: String) throws(Errno) -> Bool {
        var info = stat()
        try require(.stat) { Int(fstatat(AT_FDCWD, path, &info, 0)) }
        return info.st_mode & S_IFMT == S_IFDIR
    }

    /// Takes the one lock that a file has, until the descriptor is closed; `.again` where another has it.
    public static func lock(_ descriptor: Descriptor) throws(Errno) {
        try require(.open) { Int(flock(descriptor, LOCK_EX | LOCK_NB)) }
    }

    /// Gives a file this many bytes of the disk, which read as zeros; also where the file system itself can only
    /// be made to promise space by writing.
    public static func allocate(_ descriptor: Descriptor, bytes: Int) -> Int {
        pass(.allocate) {
            let code = posix_fallocate(descriptor, 0, bytes)
            Glibc.errno = code
            return code == 0 ? 0 : -1
        }
    }

    /// Cuts a file, and gives the rest of its space back.
    public static func truncate(_ descriptor: Descriptor, to bytes: Int) -> Int {
        pass(.truncate) { Int(ftruncate(descriptor, bytes)) }
    }

    /// Makes a file durable with its length and its place on the disk, or a directory with its names. As
    /// final as `synchronise`.
    public static func synchroniseWhole(_ descriptor: Descriptor) -> Int {
        pass(.synchroniseWhole) { Int(fsync(descriptor)) }
    }

    /// Makes the names in a directory durable.
    public static func synchroniseNames(in directory: String) throws(Errno) {
        let descriptor = try open(directory, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        let result = synchroniseWhole(descriptor)
        if result < 0 { throw Errno(Int32(-result)) }
    }

    /// Says of a file that it was changed just now.
    public static func touch(_ path: String) throws(Errno) {
        try require(.stat) { Int(utimensat(AT_FDCWD, path, nil, 0)) }
    }

    /// Gives a file one more name, on the same file system.
    public static func link(_ path: String, as name: String) throws(Errno) {
        try require(.rename) { Int(Glibc.link(path, name)) }
    }

    /// How many names a file has.
    public static func nameCount(of path: String) throws(Errno) -> Int {
        var info = stat()
        try require(.stat) { Int(fstatat(AT_FDCWD, path, &info, 0)) }
        return Int(info.st_nlink)
    }

    public static func remove(_ path: String) -> Int {
        pass(.remove) { Int(unlink(path)) }
    }

    /// Of a directory with nothing in it.
    public static func removeDirectory(_ path: String) throws(Errno) {
        try require(.remove) { Int(rmdir(path)) }
    }

    public static func read(
        _ descriptor: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) -> Int {
        move(.read, buffer.count) { pread(descriptor, buffer.baseAddress, $0, Int(offset)) }
    }
}
