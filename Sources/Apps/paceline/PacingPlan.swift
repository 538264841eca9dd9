// `paceline pacing plan`: shares expected traffic among campaigns, shows when each is to spend what, and says of those
// that cannot deliver why not.
import Catalog
import Commands
import Documents
import JSON
import Pacing
import Units

enum PacingPlan {
    /// Two thousand campaigns with ten targets each.
    static let limitBytes = 16 * 1024 * 1024

    static let file = Parameter.argument("FILE", WordKind.file, "A plan's file, or - for standard input.")
    static let curve = Parameter.option(
        "curve", WordKind.text, "Show this campaign's curve, hour by hour.")
    static let json = Parameter.json

    static let command = Command(
        "plan", "Plans campaigns, and says which cannot deliver.",
        discussion: """
            The file has "start" and "end", "traffic" (of each region and inventory the "requests" of 24 or 168
            hours) and "campaigns": "id", "budget" and "cpm", and where they differ from the rest "pacing"
            (even, traffic, frontloaded, asap), "dailyBudget", "guaranteed", "start", "end", "shown", "viewers"
            with "cap", and "targets" (a "region", an "inventory", the "share" of its requests that other
            targeting lets through, and the "affordable" share of those).

            Guaranteed campaigns are planned first, the scarcest before the others; all others give way to one
            another by the same share where they compete. Exits with 1 where the file is refused, and with 0
            where a campaign cannot deliver: that is an answer.
            """,
        parameters: [file, curve, json],
        examples: [
            Example(
                "paceline pacing plan Examples/pacing-plan.json",
                "See who can deliver, and who cannot and why.",
                prints: "car-launch      can deliver its budget"
            ),
            Example(
                "paceline pacing plan Examples/pacing-plan.json --curve car-launch",
                "When one of them is to spend what, and where."),
            Example("paceline pacing plan --json Examples/pacing-plan.json", "The same for programs."),
            Example(
                "sed 's/asap/now/' Examples/pacing-plan.json | paceline pacing plan -",
                "A mistake comes with its place.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        guard let bytes = call.read(call[file], limit: limitBytes, asJSON: call[json], &output) else {
            return .failed
        }
        let document: PacingPlanFile
        do throws(DocumentRefused) {
            document = try read(bytes)
        } catch {
            for line in SettingsFile.report(error, in: call[file]) { output.print(line) }
            return .failed
        }
        let plans = Planner(document.supply).plan(document.planned)
        if let id = call[curve] {
            guard let at = plans.firstIndex(where: { $0.id == id }) else {
                let near = nearestName(to: id, among: plans.map(\.id)).map { "; did you mean '\($0)'?" } ?? ""
                throw Failure("no campaign '\(id)' among the \(plans.count) of the file\(near)", .usage)
            }
            if call[json] {
                output.print(tree(plans[at], document, hourly: true))
            } else {
                for line in lines(plans[at], document) { output.print(line) }
            }
            return .ok
        }
        if call[json] {
            output.print(.array(plans.map { tree($0, document, hourly: false) }))
        } else {
            let width = plans.map(\.id.count).max() ?? 0
            for plan in plans {
                let name = plan.id + String(repeating: " ", count: width - plan.id.count)
                output.print("\(name)  \(plan.deliverability.sentence)")
            }
        }
        return .ok
    }

    private static func read(_ bytes: [UInt8]) throws(DocumentRefused) -> PacingPlanFile {
        var reading = DocumentReading(bytes)
        let tree = try reading.tree(of: bytes)
        guard let document = PacingPlanFile.schema.read(tree, "", &reading) else { throw reading.refused }
        return document
    }

    private static func hours(_ curve: SpendCurve) -> [Micros] {
        zip(curve.sums.dropFirst(), curve.sums).map { $0 - $1 }
    }

    /// A line an hour for two days, else a line a day; bars are of the most in a line.
    private static func lines(_ plan: CampaignPlan, _ document: PacingPlanFile) -> [String] {
        let amounts = hours(plan.curve)
        let step = amounts.count <= 48 ? 1 : 24
        let starts = Array(stride(from: 0, to: amounts.count, by: step))
        let sums = starts.map { start in
            amounts[start..<min(start + step, amounts.count)].reduce(Micros.zero, +)
        }
        let most = max(sums.map(\.rawValue).max() ?? 1, 1)
        var lines = ["\(plan.id): \(plan.deliverability.sentence)"]
        for (region, name) in document.regions.enumerated() where plan.regions[region].total > .zero {
            let share =
                Double(plan.regions[region].total.rawValue) / Double(max(plan.curve.total.rawValue, 1))
            lines.append("  \(Int((share * 100).rounded())) % in \(name)")
        }
        for (start, sum) in zip(starts, sums) {
            let at = document.start + .seconds(Int64(start) * 3_600)
            let bar = String(repeating: "█", count: Int(sum.rawValue * 40 / most))
            lines.append("  \(Timestamp.text(at))  \(bar) \(rounded(sum))")
        }
        return lines
    }

    /// To cents: a plan is no invoice.
    private static func rounded(_ amount: Micros) -> String {
        "\(Micros((amount.rawValue + 5_000) / 10_000 * 10_000))"
    }

    private static func tree(_ plan: CampaignPlan, _ document: PacingPlanFile, hourly: Bool) -> JSONTree {
        let verdict = plan.deliverability
        var members: [JSONTree.Member] = [
            .init("campaign", .string(plan.id)), .init("deliverable", .bool(verdict.isDeliverable)),
            .init("budget", .amount(verdict.wanted)), .init("expected", .amount(verdict.expected)),
            .init("limit", verdict.limit.map { .string($0.rawValue) } ?? JSONTree(.null)),
            .init(
                "possible",
                .object(
                    Deliverability.Limit.allCases.map {
                        .init($0.rawValue, .amount(verdict.possible[$0] ?? .zero))
                    })),
            .init(
                "regions",
                .object(
                    document.regions.enumerated().map {
                        .init($0.element, .amount(plan.regions[$0.offset].total))
                    })),
        ]
        if hourly { members.append(.init("hours", .array(hours(plan.curve).map { .amount($0) }))) }
        return .object(members)
    }
}

extension JSONTree {
    fileprivate static func amount(_ amount: Micros) -> JSONTree { JSONTree(.number("\(amount)")) }
}
