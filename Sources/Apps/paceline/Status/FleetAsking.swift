// Asks every member of a fleet at once, so that those who are away cost no more than the time of one.
import Commands
import Fleet
import HTTP
import Kernel
import Reactor
import TLS
import Units

/// Used on one thread, as often as one looks.
final class FleetAsking {
    enum Answer {
        case came(ClientResponse)
        case none(String)

        var body: [UInt8]? {
            guard case .came(let response) = self, response.status == 200 || response.status == 503 else {
                return nil
            }
            return response.body
        }
    }

    let roster: Roster
    private let reactor: Reactor
    private let client: Client
    private let endpoints: [Endpoint]
    private let limit: Interval
    /// For coordinators only.
    private let token: String?

    static func paths(_ role: Roster.Role) -> [String] {
        switch role {
        case .coordinator: ["/readyz", "/v1/coordinator", "/api/v1/ledger/accounts?list=1"]
        case .broker: ["/readyz", "/metrics", "/v1/broker"]
        case .node: ["/readyz", "/metrics", "/v1/budgets"]
        }
    }

    init(
        _ roster: Roster, _ context: TLSContext?, token: String?, within limit: Interval
    ) throws(Failure) {
        self.roster = roster
        self.token = token
        self.limit = limit
        var endpoints: [Endpoint] = []
        for member in roster.members {
            endpoints.append(try RosterInput.endpoint(member.admin, member.name).endpoint)
        }
        self.endpoints = endpoints
        do {
            var limits = ReactorLimits()
            limits.streams = 4 * roster.members.count + 8
            limits.outputBytes = 1024 * 1024
            reactor = try Reactor(.poller, limits: limits)
        } catch {
            throw Failure("could not set up I/O: \(error)")
        }
        client = Client(reactor: reactor, context: context)
    }

    /// By member, by the order of its paths.
    func ask() throws(Failure) -> [[Answer]] {
        let deadline = reactor.now + limit
        var answers = roster.members.map { member in
            Self.paths(member.role).map { _ in Answer.none("no answer in time") }
        }
        var open = 0
        for (index, member) in roster.members.enumerated() {
            for (place, path) in Self.paths(member.role).enumerated() {
                open += 1
                var request = ClientRequest(.get, endpoints[index], path)
                if let token, path.hasPrefix("/api/") {
                    request.headers = [("authorization", "Bearer \(token)")]
                }
                client.send(request, deadline: deadline) { result in
                    open -= 1
                    switch result {
                    case .success(let response): answers[index][place] = .came(response)
                    case .failure(let failure): answers[index][place] = .none("\(failure)")
                    }
                }
            }
        }
        while open > 0 {
            do { try reactor.turn(until: deadline) } catch {
                throw Failure("the kernel ended our I/O: \(error)")
            }
        }
        return answers
    }
}
