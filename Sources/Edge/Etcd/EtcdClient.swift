// The members of an etcd, of which one is asked at a time. Every transaction here may be done twice, so one without an answer is
// asked for again, of the next member.
public import HTTP
internal import Reactor
public import Units

public struct EtcdFailure: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// Used on its client's reactor's thread only.
public final class EtcdClient {
    private let members: [Endpoint]
    private let client: Client
    private let timeout: Interval
    /// The last one that answered.
    private var turn = 0

    /// - Parameter timeout: for one member's answer.
    public init(_ members: [Endpoint], over client: Client, timeout: Interval) {
        precondition(!members.isEmpty, "an etcd has members")
        self.members = members
        self.client = client
        self.timeout = timeout
    }

    /// Asks each member once, until one answers. Calls back once.
    public func run(
        _ transaction: EtcdTransaction, _ done: @escaping (Result<EtcdResult, EtcdFailure>) -> Void
    ) {
        ask(transaction, left: members.count, [], done)
    }

    private func ask(
        _ transaction: EtcdTransaction, left: Int, _ reasons: [String],
        _ done: @escaping (Result<EtcdResult, EtcdFailure>) -> Void
    ) {
        guard left > 0 else {
            return done(.failure(EtcdFailure(description: reasons.joined(separator: "; "))))
        }
        let member = members[turn % members.count]
        // The path of 3.4 and later.
        var request = ClientRequest(.post, member, "/v3/kv/txn")
        request.headers = [("content-type", "application/json")]
        request.body = transaction.body
        client.send(request, deadline: client.reactor.now + timeout) { [self] answer in
            let reason: String
            switch answer {
            case .success(let response) where response.status == 200:
                if let result = EtcdResult(response.body) { return done(.success(result)) }
                reason = "\(member): the answer is none to a transaction"
            case .success(let response):
                let text = String(decoding: response.body.prefix(200), as: UTF8.self)
                reason = "\(member) says \(response.status): \(text)"
            case .failure(let failure): reason = "\(failure)"
            }
            turn += 1
            ask(transaction, left: left - 1, reasons + [reason], done)
        }
    }
}
