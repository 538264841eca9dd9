// `POST /v1/ledger`: messages of one holder, which become one part of one transaction and are answered together; and `POST
// /v1/pacing`: what its nodes say of their campaigns, and what they are to spend by when.
import Documents
import HTTP
import JSON
import Ledger
import Serving
import Settings
import TLS
import Telemetry
import Units

/// Used on the root's thread only.
final class HolderRoutes: Responder {
    private let context: CoordinatorContext
    private let root: Root
    private let pacing: FleetPacing
    private var router = Router()
    weak var server: Server?

    init(_ context: CoordinatorContext, _ root: Root, _ pacing: FleetPacing) {
        (self.context, self.root, self.pacing) = (context, root, pacing)
        router.addHealth(context.health)
        router.add(.post, "/v1/ledger") { [unowned self] request, response in take(request, &response) }
        router.add(.post, "/v1/pacing") { [unowned self] request, response in pace(request, &response) }
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }

    private func take(_ request: borrowing Request, _ response: inout Response) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let fields = try Fields(try Self.tree(body), at: "")
            _ = try fields.number("version", HolderMessages.version...HolderMessages.version)
            guard let number = holder(try fields.text("holder"), of: request, &response) else { return }
            guard case .array(let list) = try fields.tree("messages", "a list of messages").content,
                (1...HolderMessages.most).contains(list.count)
            else {
                throw Malformed(place: "messages", allowed: "a list of 1 to \(HolderMessages.most) messages")
            }
            let messages = HolderMessages(holder: HolderNumber(UInt8(number)), root: root)
            var commands: [RootCommand] = []
            for (index, one) in list.enumerated() {
                commands.append(try messages.command(one, at: "messages[\(index)]"))
            }
            let place = request.place
            let isTaken = root.ask(commands) { [weak self] outcome in self?.answer(place, messages, outcome) }
            guard isTaken else { return response.notLeader(root) }
            response.isHeld = true
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    private static func tree(_ body: [UInt8]) throws(Malformed) -> JSONTree {
        do {
            return try JSONTree(reading: body)
        } catch {
            throw Malformed(place: "the body", allowed: "JSON: \(error)")
        }
    }

    /// `POST /v1/pacing`: answered at once, from what this process heard of late.
    private func pace(_ request: borrowing Request, _ response: inout Response) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let all = try PaceWire.statements(try Self.tree(body))
            guard holder(all.holder, of: request, &response) != nil else { return }
            guard let orders = pacing.heard(all) else { return response.notLeader(root) }
            response.json(PaceWire.tree(orders))
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    /// The number of a holder that is who it says; nil where it is answered that it is not.
    private func holder(
        _ name: String, of request: borrowing Request, _ response: inout Response
    ) -> Int? {
        guard let number = context.settings.holders.firstIndex(of: name) else {
            response.problem(
                .forbidden, "no such holder in this coordinator's settings", [.init("holder", .string(name))])
            return nil
        }
        if let peer = request.peer, !Self.vouches(peer, for: name) {
            response.problem(
                .forbidden, "the certificate is another holder's",
                [.init("holder", .string(name)), .init("uris", .array(peer.uris.map { .string($0) }))])
            return nil
        }
        return number
    }

    /// By the last part of one of the certificate's names: `spiffe://fleet/region/eu-west/broker/NAME`.
    private static func vouches(_ peer: TLSPeer, for name: String) -> Bool {
        peer.uris.contains {
            $0.hasPrefix("spiffe://") && $0.split(separator: "/").last.map(String.init) == name
        }
    }

    private func answer(_ place: AnswerPlace, _ messages: HolderMessages, _ outcome: Root.Outcome) {
        server?.answer(place) { response in
            guard case .answered(let answers) = outcome else { return response.notLeader(root) }
            response.json([
                "version": .number(HolderMessages.version),
                "epoch": .string("\(root.machine.epoch.rawValue)"),
                "answers": .array(answers.map(messages.tree)),
            ])
        }
    }
}
