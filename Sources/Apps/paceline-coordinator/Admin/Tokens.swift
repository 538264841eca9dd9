// Who may ask what under /api/v1: tokens, of which the database and this process have only the hash.
import CatalogWire
import Documents
import HTTP
import Kernel
import Postgres
import Reactor
import Serving
import Settings
import TLS
import Telemetry
import Units

/// Whoever asks, as the audit log has them.
struct Caller {
    let name: String
    let role: AdminRole
}

/// Used on the root's thread only. All tokens are in memory, as the database had them a second ago at most.
final class Tokens {
    private struct Token {
        var name: String
        var role: AdminRole
        var expires: Instant
        var isRevoked: Bool
    }

    private let context: CoordinatorContext
    private let root: Root
    private let pool: PostgresPool
    /// By hash; nil before the database has said.
    private var all: [[UInt8]: Token]?
    private var isAsking = false

    static let channel = "paceline_tokens"
    /// More than any house has people and programs; those that were revoked and are over are left out.
    static let most: Int64 = 10_000
    private static let turn = Interval.seconds(1)
    private static let known = PostgresStatement(
        """
        select hash, name, role, expires_at, revoked_at is not null from paceline.tokens
        order by revoked_at is null desc, expires_at desc limit \(most)
        """)

    init(_ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool) {
        self.context = context
        self.root = root
        self.pool = pool
    }

    func start() {
        if pool.reactor.timer(at: pool.reactor.now + Self.turn, { [weak self] in self?.start() }) == nil {
            context.log.critical("the reactor has no timer left for tokens")
        }
        look()
    }

    /// - Parameter done: called when what the database has now is known.
    func look(_ done: @escaping () -> Void = {}) {
        guard root.isMigrated, !isAsking else { return done() }
        isAsking = true
        pool.run(Self.known, within: context.settings.database.timeout) { [weak self] outcome in
            guard let self else { return done() }
            isAsking = false
            // No answer changes nothing: who was let in stays let in, until their token is over.
            if case .done(let found) = outcome {
                do { all = try Self.read(found[0]) } catch {
                    context.log.error("the tokens could not be read", ["cause": .error(error)])
                }
            }
            done()
        }
    }

    private static func read(_ rows: PostgresRows) throws -> [[UInt8]: Token] {
        var all: [[UInt8]: Token] = [:]
        for row in rows {
            let role: String = try row.read(2)
            guard let role = AdminRole(rawValue: role) else { continue }
            all[try row.read(0)] = Token(
                name: try row.read(1), role: role, expires: try row.read(3), isRevoked: try row.read(4))
        }
        return all
    }

    /// Whether there never was a token: then whoever reaches the listener may all, as before there were any.
    var areUnused: Bool { all?.isEmpty ?? false }

    /// Who asks, if they may; else it is answered why not.
    func caller(
        _ request: borrowing Request, needs role: AdminRole, _ response: inout Response
    ) -> Caller? {
        guard let all else {
            response.databaseUnread()
            return nil
        }
        if all.isEmpty {
            return Caller(name: request.peer?.uris.first ?? "without a certificate", role: .admin)
        }
        guard let text = request.text("authorization") else {
            refuse("a token is needed: Authorization: Bearer TOKEN", &response)
            return nil
        }
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer",
            let token = all[BlobDigest(of: Array(parts[1].utf8)).bytes], !token.isRevoked
        else {
            refuse("the token is none of those in force", &response)
            return nil
        }
        guard token.expires > Kernel.wallNow() else {
            refuse("the token is over", &response)
            return nil
        }
        guard token.role >= role else {
            response.problem(
                .forbidden, "this takes another role",
                [.init("role", .string(token.role.rawValue)), .init("needed", .string(role.rawValue))])
            return nil
        }
        return Caller(name: token.name, role: token.role)
    }

    private func refuse(_ title: String, _ response: inout Response) {
        response.header("www-authenticate", "Bearer")
        response.problem(.unauthorized, title)
    }

    /// A token that nobody ever had.
    static func drawn() -> String {
        var seeds = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &seeds) }
        return "pl_" + hexadecimal(bytes)
    }
}
