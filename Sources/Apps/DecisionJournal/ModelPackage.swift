// A package: a sealed directory of models as one file, for its way by the coordinators to the nodes. The same directory is the same bytes.
//
//     "PLMODELS"  version (4 bytes)  number of files (4 bytes)
//     of each file, models.json first, the others as it names them:
//     length of its name (2 bytes)  length of the file (8 bytes)  name  bytes
//
// Numbers have their lowest byte first.
public import Commands
import Kernel

public enum ModelPackage {
    public static let format: UInt32 = 1
    /// It is one body of a request, and a row of the database. Larger sets are brought to the nodes' disks otherwise.
    public static let bytesMost = 32 * 1024 * 1024

    private static let magic = Array("PLMODELS".utf8)
    /// Of a list that names all it may, hardly more.
    private static let filesMost = 1_000

    /// All files of a directory that was read.
    public static func bytes(of directory: ModelDirectory) throws(Failure) -> [UInt8] {
        guard directory.isSealed else {
            throw Failure(
                "\(directory.path): it is not sealed, so that nobody could tell whether it came whole: run `paceline model pack`"
            )
        }
        let all = directory.files.reduce(0) { $0 + $1.byteCount }
        guard all <= bytesMost else {
            throw Failure("\(directory.path): found \(all) bytes; allowed: a package of at most \(bytesMost)")
        }
        var bytes = magic
        put(UInt64(format), 4, into: &bytes)
        put(UInt64(directory.files.count), 4, into: &bytes)
        for file in directory.files {
            let content = try ModelDirectory.read(file.name, in: directory.path)
            guard ModelDirectory.checksum(content) == file.sha256 else {
                throw Failure("\(directory.path)/\(file.name): changed while it was read; try again")
            }
            put(UInt64(file.name.utf8.count), 2, into: &bytes)
            put(UInt64(content.count), 8, into: &bytes)
            bytes += Array(file.name.utf8) + content
        }
        guard bytes.count <= bytesMost else {
            throw Failure(
                "\(directory.path): found \(bytes.count) bytes; allowed: a package of at most \(bytesMost)")
        }
        return bytes
    }

    private static func put(_ value: UInt64, _ count: Int, into bytes: inout [UInt8]) {
        for place in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(place)))) }
    }

    /// What a package has, checked in all that a node checks but what models take there.
    public static func read(_ bytes: [UInt8]) throws(Failure) -> ModelDirectory {
        let files = try files(of: bytes)
        let directory = try ModelDirectory("package", isMeasured: false) { (name) throws(Failure) in
            guard let range = files[name] else { throw Failure("package/\(name): is not in it") }
            return Array(bytes[range])
        }
        guard directory.isSealed else {
            throw Failure(
                "package: it is not sealed, so that nobody could tell whether it came whole: run `paceline model pack`"
            )
        }
        if let other = files.keys.sorted().first(where: { name in
            !directory.files.contains { $0.name == name }
        }) {
            throw Failure("package/\(other): models.json does not name it")
        }
        return directory
    }

    /// Writes its files into a folder, which is made, or emptied first. Throws a `Failure` of what is no package, and a `FileFailure` of
    /// a disk that does not take it.
    public static func unpack(_ bytes: [UInt8], into folder: String) throws {
        let files = try files(of: bytes)
        do {
            try Kernel.makeDirectory(folder)
            for name in try Kernel.entries(of: folder) { _ = Kernel.remove("\(folder)/\(name)") }
        } catch {
            throw FileFailure(path: folder, doing: "make or empty the directory", cause: error)
        }
        for (name, range) in files { try Kernel.replace("\(folder)/\(name)", with: Array(bytes[range])) }
    }

    /// Where each file stands. A name is one of a file beside the others, and no way out of their folder.
    private static func files(of bytes: [UInt8]) throws(Failure) -> [String: Range<Int>] {
        var at = 0
        func take(_ count: UInt64, _ what: String) throws(Failure) -> Range<Int> {
            guard count <= UInt64(bytes.count - at) else {
                throw Failure("package: byte \(at): found its end; allowed: \(count) bytes of \(what)")
            }
            defer { at += Int(count) }
            return at..<at + Int(count)
        }
        func number(_ count: UInt64, _ what: String) throws(Failure) -> UInt64 {
            try bytes[take(count, what)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard try Array(bytes[take(UInt64(magic.count), "its mark")]) == magic else {
            throw Failure("package: it does not begin as a package of models does")
        }
        let version = try number(4, "its version")
        guard version == format else {
            throw Failure("package: found version \(version); allowed: \(format)")
        }
        let count = try number(4, "its number of files")
        guard count <= filesMost else {
            throw Failure("package: found \(count) files; allowed: at most \(filesMost)")
        }
        var files: [String: Range<Int>] = [:]
        for _ in 0..<count {
            let (nameLength, length) = (try number(2, "a length"), try number(8, "a length"))
            let name = String(decoding: bytes[try take(nameLength, "a name")], as: UTF8.self)
            guard ModelList.isFileName(name), files[name] == nil else {
                throw Failure(
                    "package: byte \(at): found the name '\(name)'; allowed: a file's name, each once")
            }
            files[name] = try take(length, name)
        }
        guard at == bytes.count else {
            throw Failure("package: byte \(at): found \(bytes.count - at) bytes behind its last file")
        }
        return files
    }
}
