// Directories: making them, and what is in them.
import Glibc

extension Kernel {
    /// Makes a directory; one that is there already is as good.
    public static func makeDirectory(_ path: String) throws(Errno) {
        let result = pass(.open) { Int(mkdir(path, 0o755)) }
        if result < 0, result != -Int(EEXIST) { throw Errno(Int32(-result)) }
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
}
