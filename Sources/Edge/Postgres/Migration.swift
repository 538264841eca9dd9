// The database's schema as numbered files, `0001-accounts.sql`, that are applied once and never changed.
import Digests
import Kernel
import Units

/// One step forward. There is none back: what a version no longer needs is taken away by a later step, when no running
/// version uses it any more.
public struct Migration: Sendable {
    public let number: Int
    /// The file's name.
    public let name: String
    /// Statements, without BEGIN and COMMIT: each migration is a transaction of its own.
    public let text: String

    /// Nil where the name does not begin with a number and a dash.
    public init?(name: String, text: String) {
        guard let dash = name.firstIndex(of: "-"), let number = Int(name[..<dash]), number > 0 else {
            return nil
        }
        self.number = number
        self.name = name
        self.text = text
    }

    /// What is remembered of the text.
    var digest: [UInt8] {
        let digest = SHA256.digest(of: Array(text.utf8).span.bytes)
        return (0..<SHA256Digest.byteCount).map { digest[$0] }
    }

    /// A schema is no place for data: a file that is larger is a mistake.
    private static let bytesMost = 1 << 20

    /// The `.sql` files of a folder, in the order of their numbers.
    public static func read(_ folder: String) throws(MigrationFailure) -> [Migration] {
        var all: [Migration] = []
        do {
            for name in try Kernel.entries(of: folder) where name.hasSuffix(".sql") {
                let bytes = try Kernel.contents(of: "\(folder)/\(name)", limit: bytesMost)
                guard let migration = Migration(name: name, text: String(decoding: bytes, as: UTF8.self))
                else {
                    throw MigrationFailure.unreadable("\(folder)/\(name): a name is like 0001-accounts.sql")
                }
                all.append(migration)
            }
        } catch let failure as MigrationFailure {
            throw failure
        } catch {
            throw .unreadable("\(folder): \(error)")
        }
        guard !all.isEmpty else { throw .unreadable("\(folder): there is no .sql file") }
        all.sort { $0.number < $1.number }
        for (former, next) in zip(all, all.dropFirst()) where former.number == next.number {
            throw .unreadable("\(folder): \(former.name) and \(next.name) have one number")
        }
        return all
    }
}

public enum MigrationFailure: Error, Sendable, CustomStringConvertible {
    case unreadable(String)
    /// It was applied with another text.
    case changed(String)
    /// The database has one that is not among ours although later ones are.
    case missing(String)
    /// It was refused, and the database is as it was before it.
    case refused(String, PostgresFailure)
    /// Not all were applied in time; what was applied stays.
    case timedOut(String, PostgresFailure)

    public var description: String {
        switch self {
        case .unreadable(let why): "migrations: \(why)"
        case .changed(let name):
            "migration \(name) was applied with another text; restore the file, and put the change into a new one"
        case .missing(let name):
            "migration \(name) was applied to the database and is not among this version's files"
        case .refused(let name, let failure): "migration \(name): \(failure)"
        case .timedOut(let name, let failure): "migration \(name) was not applied in time: \(failure)"
        }
    }
}
