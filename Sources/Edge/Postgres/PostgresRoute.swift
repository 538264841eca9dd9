// Who is primary: a fixed place (a single server, or HAProxy that asks by itself), or what Patroni's members say.
public import HTTP
import Units

/// A server and the Patroni beside it.
public struct PatroniMember: Sendable {
    public var patroni: Endpoint
    public var place: PostgresPlace

    public init(patroni: Endpoint, place: PostgresPlace) {
        self.patroni = patroni
        self.place = place
    }
}

/// libpq's own choice among several hosts is not used: it believes a primary whose Patroni was killed, and which goes on
/// beside the new one.
public final class PostgresRoute {
    /// A primary that lost its lock ends its writes within Patroni's `ttl`, 20 s; this is much sooner and costs little.
    static let lookAgain = Interval.seconds(2)

    private let members: [PatroniMember]
    private let place: PostgresPlace?
    private let client: Client?

    private init(_ place: PostgresPlace?, _ members: [PatroniMember], _ client: Client?) {
        self.place = place
        self.members = members
        self.client = client
    }

    public static func fixed(_ place: PostgresPlace) -> PostgresRoute { PostgresRoute(place, [], nil) }

    /// Asks each member's REST interface whether it is primary. The client is of the pool's reactor.
    public static func patroni(_ members: [PatroniMember], asking client: Client) -> PostgresRoute {
        PostgresRoute(nil, members, client)
    }

    var mayChange: Bool { place == nil }

    private final class Search {
        var open: Int
        var done: ((Result<PostgresPlace, PostgresFailure>) -> Void)?
        var reasons: [String] = []

        init(_ open: Int, _ done: @escaping (Result<PostgresPlace, PostgresFailure>) -> Void) {
            self.open = open
            self.done = done
        }

        func finish(_ result: Result<PostgresPlace, PostgresFailure>) {
            let done = self.done
            self.done = nil
            done?(result)
        }
    }

    /// The first member that says it is primary. Whether it takes writes is seen after connecting.
    func find(_ deadline: Instant, _ done: @escaping (Result<PostgresPlace, PostgresFailure>) -> Void) {
        if let place { return done(.success(place)) }
        guard let client, !members.isEmpty else {
            return done(.failure(.noConnection("no Patroni member is named")))
        }
        let search = Search(members.count, done)
        for member in members {
            client.send(ClientRequest(.get, member.patroni, "/primary"), deadline: deadline) { answer in
                search.open -= 1
                switch answer {
                case .success(let answer) where answer.status == 200: search.finish(.success(member.place))
                case .success(let answer): search.reasons.append("\(member.patroni) says \(answer.status)")
                case .failure(let failure): search.reasons.append("\(failure)")
                }
                guard search.open == 0 else { return }
                let reasons = search.reasons.joined(separator: "; ")
                search.finish(.failure(.noConnection("no Patroni member is primary: \(reasons)")))
            }
        }
    }
}
