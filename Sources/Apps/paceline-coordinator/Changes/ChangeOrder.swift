// A change of what is published, as somebody asked for it: what has to be known for it, what becomes of that, and what is answered.
import CatalogWire
import Documents
import HTTP
import Ledger
import Postgres
import Serving
import Units

protocol ChangeOrder: Sendable {
    /// What it publishes; nil where that is nothing.
    var kind: PublicationKind? { get }
    /// In the audit log.
    var name: String { get }
    var who: String { get }
    /// Who asked gave one, or it is this process's own.
    var key: String { get }
    /// What a draft is made from: first what was answered under the key.
    var questions: PostgresBatch { get }
    /// On a thread of its own, as it takes a while.
    func draft(of found: [PostgresRows]) -> ChangeOutcome
}

enum ChangeOutcome: Sendable {
    case draft(ChangeDraft)
    /// It is so already, or was made under this key.
    case answered(ChangeAnswer)
    /// An earlier try has written it, whose outcome was not known then.
    case written(ChangeDraft)
    case refused(OrderRefusal)
}

/// A change, ready to be written.
struct ChangeDraft: Sendable {
    /// The number that it makes.
    let number: Int64
    let answer: ChangeAnswer
    /// The transaction that makes it, or does nothing where another leads or made one meanwhile.
    let writing: @Sendable (ChangeStamp) -> PostgresBatch
    /// What is written is that it was refused, and why.
    var refusal: String?
    /// Its number is a scheduled change's, and no version of what is published.
    var isOfSchedule = false
    /// When it was written, where an earlier try did it.
    var at: Instant?
}

/// What became of a change of the coordinator's own.
enum ChangeEnd {
    case written(ChangeDraft)
    /// It is so already, or somebody else has settled it.
    case needless
    /// Nothing of it is known to be written; the log says why.
    case failed
}

/// Who writes, and when.
struct ChangeStamp: Sendable {
    let epoch: Epoch
    let process: UInt64
    let at: Instant

    /// As statements have them.
    var leader: [PostgresValue] {
        [.int8(Int64(bitPattern: epoch.rawValue)), .int8(Int64(bitPattern: process))]
    }
}

/// What is answered to a change that was made, or had been made already.
struct ChangeAnswer: Sendable {
    let status: Status
    /// Of what was changed, for the next change.
    let version: Int64
    let body: String
}

/// Why a change is refused: nothing of it is done.
struct OrderRefusal: Error {
    let status: Status
    let title: String
    let members: [JSONTree.Member]

    init(_ status: Status, _ title: String, _ members: [JSONTree.Member] = []) {
        self.status = status
        self.title = title
        self.members = members
    }
}

/// What a change says of what it is meant for: of its one thing, or of the number of all.
enum ChangeCondition: Sendable {
    case nothing
    /// `If-None-Match: *`
    case absent
    /// `If-Match: *`
    case present
    case version(Int64)
}

extension ChangeOutcome {
    /// What was answered under the key before, or else what is made now.
    init(
        _ answers: PostgresRows, _ request: BlobDigest, _ make: () throws -> ChangeOutcome
    ) {
        do {
            self = try Self.known(answers, request).map { .answered($0) } ?? make()
        } catch let refusal as OrderRefusal {
            self = .refused(refusal)
        } catch {
            self = .refused(
                OrderRefusal(.internalServerError, "what the database has could not be read: \(error)"))
        }
    }

    private static func status(_ code: Int64) -> Status {
        switch code {
        case 201: .created
        case 202: .accepted
        default: .ok
        }
    }

    private static func known(_ rows: PostgresRows, _ request: BlobDigest) throws -> ChangeAnswer? {
        guard rows.count == 1 else { return nil }
        guard try rows[0].read(0) == request.bytes else {
            throw OrderRefusal(.unprocessableContent, "this Idempotency-Key was used for another change")
        }
        return ChangeAnswer(
            status: status(try rows[0].read(1)), version: try rows[0].read(2),
            body: try rows[0].read(3))
    }
}

extension PostgresBatch {
    private static let answer = PostgresStatement(
        "select request, status, version, answer from paceline.answers where key = $1", .text)
    private static let remember = PostgresStatement(
        """
        insert into paceline.answers (key, at, request, status, version, answer) values ($1, $2, $3, $4, $5, $6)
        """, .text, .timestamptz, .bytea, .int8, .int8, .text)
    private static let keep = PostgresStatement(
        "insert into paceline.blobs (sha256, bytes, at) values ($1, $2, $3) on conflict do nothing", .bytea,
        .bytea, .timestamptz)

    /// Questions that change nothing, the first of them what was answered under a key.
    static func questions(_ key: String) -> PostgresBatch {
        var batch = PostgresBatch(begins: false, commits: false)
        batch.add(answer, .text(key))
        return batch
    }

    mutating func add(remembering answer: ChangeAnswer, _ key: String, _ request: BlobDigest, at: Instant) {
        add(
            Self.remember, .text(key), .timestamptz(at), .bytea(request.bytes),
            .int8(Int64(answer.status.code)), .int8(answer.version), .text(answer.body))
    }

    mutating func add(keeping bytes: [UInt8], _ digest: BlobDigest, at: Instant) {
        add(Self.keep, .bytea(digest.bytes), .bytea(bytes), .timestamptz(at))
    }
}
