// A blob on its way to the disk: written as it comes, and looked at when all of it is there.
internal import Digests
internal import Glibc
internal import Kernel
internal import Units

/// Used on one thread.
final class BlobDraft: @unchecked Sendable {
    enum Trouble: Error, CustomStringConvertible {
        case length(Int)
        case digest(BlobDigest)
        case disk(FileFailure)

        var description: String {
            switch self {
            case .length(let found): "found \(found) bytes, another number than was announced"
            case .digest(let found): "its SHA-256 is \(found)"
            case .disk(let failure): "\(failure)"
            }
        }
    }

    private let publication: Publication
    private let path: String
    private let file: Descriptor
    private var hash = SHA256()
    private var count = 0
    private(set) var trouble: Trouble?

    /// What lies at the path goes.
    init(_ path: String, of publication: Publication) throws(FileFailure) {
        (self.path, self.publication) = (path, publication)
        do {
            file = try Kernel.open(path, O_WRONLY | O_CREAT | O_TRUNC)
        } catch {
            throw FileFailure(path: path, doing: "make the file", cause: error)
        }
    }

    deinit { Kernel.close(file) }

    /// The next bytes; false where no more of them are of use.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard count + bytes.count <= publication.bytes else {
            trouble = .length(count + bytes.count)
            return false
        }
        hash.add(bytes.bytes)
        var rest = bytes
        while !rest.isEmpty {
            let written = Kernel.write(file, rest)
            guard written >= 0 else {
                trouble = disk("write the file", written)
                return false
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[written...])
        }
        count += bytes.count
        return true
    }

    /// Holds what came against what was announced, and makes it durable.
    func finish() throws(Trouble) {
        if let trouble { throw trouble }
        guard count == publication.bytes else { throw .length(count) }
        let found = BlobDigest(hash.digest())
        guard found == publication.digest else { throw .digest(found) }
        let result = Kernel.synchronise(file)
        if result < 0 { throw disk("make the file durable", result) }
    }

    private func disk(_ doing: String, _ result: Int) -> Trouble {
        .disk(FileFailure(path: path, doing: doing, cause: Errno(Int32(-result))))
    }
}
