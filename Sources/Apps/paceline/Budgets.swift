// `paceline budgets`: asks a node where its campaigns' money is.
import Commands
import Documents
import HTTP
import JSON
import Kernel
import TLS
import Units

enum Budgets {
    private static let url = Parameter.argument(
        "URL", WordKind.serverURL, "The node's listener for operators, which is `admin` in its settings.")
    private static let campaign = Parameter.option(
        "campaign", WordKind.text, "Only this campaign, by its id in the catalog.")

    static let command = Command(
        "budgets", "Asks a node where its campaigns' money is.",
        discussion: """
            A budget's money is in one of five places: free, granted to the node's shards (set aside for ads that \
            may be billed, or about to be), settled, in suspense (of earlier starts, waiting for bills), presumed \
            spent. They add up to the budget and its overhang, which is what a cut could not take back. Late is \
            billed outside of it. Exits with 1 where the node does not answer or has no such campaign.
            """,
        parameters: [
            url, campaign, Status.certificate, Status.key, Status.authorities, Status.timeout, Status.json,
        ],
        examples: [
            Example(
                "paceline budgets http://127.0.0.1:1", "Nobody listens there.", outcome: .failed,
                prints: "http://127.0.0.1:1: no connection; is the server running and reachable?"),
            Example(
                "paceline budgets --json --campaign aurora-launch http://127.0.0.1:1",
                "The same for programs.",
                outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let url = call[Budgets.url]
        let context = try Status.tlsContext(call, secure: url.isSecure)
        do throws(Failure) {
            guard let address = SocketAddress(resolving: url.host, port: url.port) else {
                throw Failure("\(url): the name '\(url.host)' is not known here")
            }
            let node = try NodeConnection(
                url, address, context, within: .seconds(Int64(call[Status.timeout])))
            let answer = try node.get("/v1/budgets")
            guard answer.status == 200 else {
                throw Failure(
                    "\(url): GET /v1/budgets got \(answer.status); the operators' listener of a node with a catalog has it"
                )
            }
            var found = try CampaignBudget.all(in: answer.body, from: url)
            if let wanted = call[campaign] {
                found.removeAll { $0.campaign != wanted }
                if found.isEmpty { throw Failure("\(url): no campaign '\(wanted)'") }
            }
            if call[Status.json] {
                output.print(
                    .object([
                        .init("url", .string(url.description)), .init("campaigns", .array(found.map(\.tree))),
                    ]))
            } else {
                for line in CampaignBudget.table(found) { output.print(line) }
            }
            return .ok
        } catch {
            if call[Status.json] {
                output.print(["url": .string(url.description), "problem": .string(error.message)])
            } else {
                output.print(error.message)
            }
            return .failed
        }
    }
}

/// One campaign's money, as a node tells of it.
struct CampaignBudget {
    static let places: [StaticString] = [
        "budget", "overhang", "free", "granted", "settled", "suspense", "presumedSpent", "late",
    ]

    var campaign = ""
    var currency: String?
    var lifetime: [String: Micros] = [:]
    var day: [String: Micros]?
    var stillBillable = Micros.zero

    static func all(in body: [UInt8], from url: ServerURL) throws(Failure) -> [CampaignBudget] {
        do {
            var found: [CampaignBudget] = []
            var scratch = JSONScratch(maximumBytes: body.count)
            var fields = try JSONDocument(body.span.bytes, scratch: &scratch).root.object()
            while let field = fields.next() {
                guard field.key == "campaigns" else { continue }
                var list = try field.value.array()
                while let one = list.next() { found.append(try CampaignBudget(one)) }
            }
            return found
        } catch {
            throw Failure("\(url): GET /v1/budgets: \(error)")
        }
    }

    private init(_ value: JSONValue) throws(JSONError) {
        var fields = try value.object()
        while let field = fields.next() {
            switch field.key {
            case "campaign": campaign = try field.value.string().copy()
            case "currency": if !field.value.isNull { currency = try field.value.string().copy() }
            case "lifetime": lifetime = try Self.places(field.value)
            case "day": if !field.value.isNull { day = try Self.places(field.value) }
            case "stillBillable": stillBillable = try field.value.micros()
            default: break
            }
        }
    }

    private static func places(_ value: JSONValue) throws(JSONError) -> [String: Micros] {
        var found: [String: Micros] = [:]
        var fields = try value.object()
        while let field = fields.next() {
            for name in places where field.key == name { found["\(name)"] = try field.value.micros() }
        }
        return found
    }

    /// Amounts in columns, a campaign's day under it.
    static func table(_ campaigns: [CampaignBudget]) -> [String] {
        var rows = [["campaign", "currency"] + places.map { "\($0)" }]
        for one in campaigns {
            rows.append(
                [one.campaign, one.currency ?? "-"] + places.map { "\(one.lifetime["\($0)"] ?? .zero)" })
            if let day = one.day { rows.append(["  today", ""] + places.map { "\(day["\($0)"] ?? .zero)" }) }
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let padding = String(repeating: " ", count: widths[column] - text.count)
                return column < 2 ? text + padding : padding + text
            }.joined(separator: "  ")
        }
    }

    var tree: JSONTree {
        func object(_ places: [String: Micros]) -> JSONTree {
            .object(Self.places.map { .init("\($0)", JSONTree(.number("\(places["\($0)"] ?? .zero)"))) })
        }
        return .object([
            .init("campaign", .string(campaign)),
            .init("currency", currency.map { .string($0) } ?? .null), .init("lifetime", object(lifetime)),
            .init("day", day.map(object) ?? .null),
            .init("stillBillable", JSONTree(.number("\(stillBillable)"))),
        ])
    }
}
