// Who may ask what under /api/v1: tokens, of which the database and this process have only the hash.
import CatalogWire
import Documents
import HTTP
import Kernel
import Ledger
import Postgres
import Reactor
import Serving
import Settings
import TLS
import Telemetry
import Units

/// Whoever asks, as the audit log has them.
struct Caller {
    /// By what they are known.
    enum Proof: String {
        case token, certificate, nothing
    }

    let name: String
    let role: AdminRole
    let by: Proof
}

/// Who stands in the audit log as what, so that nobody can be given the name of somebody else.
enum AuditName {
    /// Before there is any token, and without a certificate.
    static let unknown = "without a certificate"

    static func coordinator(_ name: String) -> String { "coordinator \(name)" }

    /// Whether a token may be called so: coordinators and certificates have names of another form.
    static func isForTokens(_ name: String) -> Bool {
        !OperatorName.isOfCertificate(name) && name != unknown && !name.hasPrefix(coordinator(""))
    }
}

/// What is known of whoever asks, before it matters for what.
enum Standing {
    case known(Caller)
    /// With what is answered.
    case stranger(Status, String, [JSONTree.Member])
    /// The database has not said yet who has tokens.
    case unread

    /// Who asks, if they may; else it is answered why not.
    func caller(needs role: AdminRole, _ response: inout Response) -> Caller? {
        switch self {
        case .known(let caller) where caller.role >= role: return caller
        case .known(let caller):
            response.problem(
                .forbidden, "this takes another role",
                [.init("role", .string(caller.role.rawValue)), .init("needed", .string(role.rawValue))])
        case .stranger(let status, let title, let members):
            if status == .unauthorized { response.header("www-authenticate", "Bearer") }
            response.problem(status, title, members)
        case .unread: response.databaseUnread()
        }
        return nil
    }
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

    /// Whether there never was a token, and no certificate has a role: then whoever reaches the listener may all.
    var isOpen: Bool { context.settings.roles.isEmpty && (all?.isEmpty ?? false) }

    /// A token that comes with a request decides alone: whoever sends one means it. Without one the certificate does.
    func standing(of request: borrowing Request) -> Standing {
        let peer = request.peer
        if isOpen {
            return .known(
                Caller(
                    name: peer?.uris.first ?? AuditName.unknown, role: .admin,
                    by: peer?.uris.first == nil ? .nothing : .certificate))
        }
        if let text = request.text("authorization") { return standing(ofToken: text) }
        guard !context.settings.roles.isEmpty else {
            return all == nil
                ? .unread : .stranger(.unauthorized, "a token is needed: Authorization: Bearer TOKEN", [])
        }
        guard let peer else {
            return .stranger(
                .unauthorized,
                "a client certificate with a role is needed, or a token: Authorization: Bearer TOKEN", [])
        }
        return Self.standing(of: peer, context.settings.roles, at: Kernel.wallNow())
    }

    private func standing(ofToken text: String) -> Standing {
        guard let all else { return .unread }
        let parts = text.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer",
            let token = all[BlobDigest(of: Array(parts[1].utf8)).bytes], !token.isRevoked
        else { return .stranger(.unauthorized, "the token is none of those in force", []) }
        guard token.expires > Kernel.wallNow() else {
            return .stranger(.unauthorized, "the token is over", [])
        }
        return .known(Caller(name: token.name, role: token.role, by: .token))
    }

    /// By a certificate, which was good when its connection began.
    static func standing(
        of peer: TLSPeer, _ roles: [CoordinatorSettings.CertificateRole], at now: Instant
    ) -> Standing {
        let shown = (peer.uris + peer.names).map { JSONTree.string($0) }
        for one in roles {
            guard let name = one.name(uris: peer.uris, names: peer.names),
                let role = AdminRole(rawValue: one.role.rawValue)
            else { continue }
            guard peer.notAfter > now else {
                return .stranger(
                    .unauthorized, "the certificate is over", [.init("certificate", .array(shown))])
            }
            return .known(Caller(name: name, role: role, by: .certificate))
        }
        return .stranger(
            .forbidden,
            "this certificate has no role here; a token would do, or a role in the coordinators' settings",
            [.init("certificate", .array(shown))])
    }

    /// A token that nobody ever had.
    static func drawn() -> String {
        var seeds = SystemRandomNumberGenerator()
        let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &seeds) }
        return "pl_" + hexadecimal(bytes)
    }
}
