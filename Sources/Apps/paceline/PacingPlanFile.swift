// What `paceline pacing plan` reads: expected traffic, and the campaigns that are to share it.
import Catalog
import Documents
import Pacing
import Units

struct PacingPlanFile: DocumentObject {
    var start = Instant(nanoseconds: 0)
    var end = Instant(nanoseconds: 0)
    var traffic: [PacingTraffic] = []
    var campaigns: [PacingPlanCampaign] = []

    static let mostTraffic = 256
    static let mostCampaigns = 2_000

    static let schema = Schema<Self>(
        "pacing plan",
        [
            .required("start", \.start, .moment, "The first instant that is planned."),
            .required("end", \.end, .moment, "The first instant after it."),
            .required(
                "traffic", \.traffic, .list(of: .object, count: 1...mostTraffic),
                "What is expected of each region and inventory."),
            .required(
                "campaigns", \.campaigns, .list(of: .object, count: 1...mostCampaigns),
                "Who shares it, guaranteed campaigns first."),
        ],
        rules: [
            Rule("`end` is later than `start`, by a year at most.") { file, objections in
                let hours = Supply.hours(from: file.start, to: file.end)
                if file.end <= file.start || hours >= Supply.hoursMost {
                    objections.refuse(
                        "end", found: Timestamp.text(file.end),
                        allowed: "later than start, which is \(Timestamp.text(file.start)), by a year at most"
                    )
                }
            },
            Rule("Each region and inventory stands once in `traffic`.") { file, objections in
                for (at, one) in file.traffic.enumerated()
                where file.traffic[..<at].contains(where: {
                    ($0.region, $0.inventory) == (one.region, one.inventory)
                }) {
                    objections.refuse(
                        "traffic[\(at)]", found: "\(one.region) and \(one.inventory) again",
                        allowed: "each region and inventory once")
                }
            },
            Rule("Each campaign stands once, and its flight has part in the plan.") { file, objections in
                for (at, campaign) in file.campaigns.enumerated() {
                    if file.campaigns[..<at].contains(where: { $0.id == campaign.id }) {
                        objections.refuse(
                            "campaigns[\(at)].id", found: "'\(campaign.id)' again",
                            allowed: "each campaign once")
                    }
                    let (start, end) = (campaign.start ?? file.start, campaign.end ?? file.end)
                    if let given = campaign.end, end <= max(start, file.start) {
                        objections.refuse(
                            "campaigns[\(at)].end", found: Timestamp.text(given),
                            allowed:
                                "later than \(Timestamp.text(max(start, file.start))), where its flight in the plan starts"
                        )
                    } else if let given = campaign.start, start >= file.end {
                        objections.refuse(
                            "campaigns[\(at)].start", found: Timestamp.text(given),
                            allowed: "earlier than the plan's end, which is \(Timestamp.text(file.end))")
                    }
                }
            },
            Rule("What a campaign runs in is in `traffic`.") { file, objections in
                for (at, campaign) in file.campaigns.enumerated() {
                    for (place, target) in campaign.targets.enumerated()
                    where !file.traffic.contains(where: { target.takes($0) }) {
                        objections.refuse(
                            "campaigns[\(at)].targets[\(place)]", found: target.text,
                            allowed: "a region and an inventory of traffic")
                    }
                }
            },
        ])
}

struct PacingTraffic: DocumentObject {
    var region = ""
    var inventory = ""
    var requests: [Int64] = []

    static let schema = Schema<Self>(
        "traffic",
        [
            .required("region", \.region, .label, "What the region is called."),
            .required("inventory", \.inventory, .label, "What the inventory is called."),
            .required(
                "requests", \.requests, .list(of: .integer(0...1_000_000_000_000), count: 24...168),
                "Requests in each hour: 24 for every day alike, or 168 from Monday's first on, at UTC."),
        ],
        rules: [
            Rule("`requests` are 24 or 168.") { one, objections in
                if one.requests.count != 24, one.requests.count != HourOfWeek.count {
                    objections.refuse(
                        "requests", found: "\(one.requests.count) numbers", allowed: "24 or 168 numbers")
                }
            }
        ])
}

struct PacingTarget: DocumentObject {
    var region: String?
    var inventory: String?
    var share = Micros(Micros.perUnit)
    var affordable = Micros(Micros.perUnit)

    static let schema = Schema<Self>(
        "target",
        [
            .optional("region", \.region, .label, "The region; without it, all of them."),
            .optional("inventory", \.inventory, .label, "The inventory; without it, all of them."),
            .defaulted(
                "share", \.share, .decimal(Micros(1)...Micros(Micros.perUnit)),
                "The share of its requests that the campaign's other targeting lets through."),
            .defaulted(
                "affordable", \.affordable, .decimal(.zero...Micros(Micros.perUnit)),
                "Of those, the share whose floor the campaign can pay."),
        ])

    func takes(_ traffic: PacingTraffic) -> Bool {
        (region ?? traffic.region) == traffic.region && (inventory ?? traffic.inventory) == traffic.inventory
    }

    var text: String { "\(region ?? "every region"), \(inventory ?? "every inventory")" }
}

struct PacingPlanCampaign: DocumentObject {
    var id = ""
    var start: Instant?
    var end: Instant?
    var budget = Micros.zero
    var dailyBudget: Micros?
    var pacing = PacingMode.even
    var guaranteed = false
    var cpm = Micros.zero
    var shown = Micros(Micros.perUnit)
    var viewers: Int?
    var cap: Int?
    var targets = [PacingTarget()]

    private static let mostMoney = Micros(1_000_000_000 * Micros.perUnit)

    static let schema = Schema<Self>(
        "campaign",
        [
            .required("id", \.id, .label, "What the plan calls it."),
            .optional("start", \.start, .moment, "Where its flight starts later than the plan."),
            .optional("end", \.end, .moment, "Where its flight ends earlier."),
            .required("budget", \.budget, .decimal(Micros(1)...mostMoney), "What it is to spend."),
            .optional(
                "dailyBudget", \.dailyBudget, .decimal(Micros(1)...mostMoney),
                "What it may spend in a day of the plan."),
            .defaulted(
                "pacing", \.pacing, .choice,
                "even: the same in every hour. traffic: as traffic comes. frontloaded: early more than late. "
                    + "asap: as fast as it goes."),
            .defaulted(
                "guaranteed", \.guaranteed, .bool, "Whether it was promised, and comes before the others."),
            .required(
                "cpm", \.cpm, .decimal(Micros(1_000)...Micros(10_000 * Micros.perUnit)),
                "What a thousand impressions are expected to cost."),
            .defaulted(
                "shown", \.shown, .decimal(Micros(1_000)...Micros(Micros.perUnit)),
                "Of the ads that are chosen, the share that is shown and billed."),
            .optional("viewers", \.viewers, .integer(1...10_000_000_000), "How many viewers it can reach."),
            .optional("cap", \.cap, .integer(1...1_000_000), "How many impressions one of them may see."),
            .defaulted(
                "targets", \.targets, .list(of: .object, count: 1...PacingPlanFile.mostTraffic),
                "Where it may run: what stands in several counts once, as the first says."),
        ],
        rules: [
            Rule("`viewers` and `cap` stand together.") { one, objections in
                if (one.viewers == nil) != (one.cap == nil) {
                    objections.refuse(
                        one.viewers == nil ? "viewers" : "cap", found: "nothing",
                        allowed: "both viewers and cap, or neither")
                }
            }
        ])
}

extension PacingPlanFile {
    var regions: [String] { Self.names(traffic.map(\.region)) }
    var inventories: [String] { Self.names(traffic.map(\.inventory)) }

    /// In the order in which they come.
    private static func names(_ all: [String]) -> [String] {
        all.reduce(into: []) { names, name in if !names.contains(name) { names.append(name) } }
    }

    var supply: Supply {
        var forecast = Forecast(regions: regions.count, inventories: inventories.count)
        for one in traffic {
            guard let region = regions.firstIndex(of: one.region),
                let inventory = inventories.firstIndex(of: one.inventory)
            else { continue }
            for hour in 0..<HourOfWeek.count {
                forecast.observe(
                    region: region, inventory: inventory, hour: HourOfWeek(hour),
                    requests: one.requests[hour % one.requests.count])
            }
        }
        return Supply(forecast, start: start, end: end)
    }

    var planned: [PacingCampaign] { campaigns.map(planned) }

    private func planned(_ one: PacingPlanCampaign) -> PacingCampaign {
        let cells = regions.count * inventories.count
        var targeted = [Double](repeating: 0, count: cells)
        var affordable = targeted
        for (region, name) in regions.enumerated() {
            for (inventory, kind) in inventories.enumerated() {
                guard let traffic = traffic.first(where: { ($0.region, $0.inventory) == (name, kind) }),
                    let target = one.targets.first(where: { $0.takes(traffic) })
                else { continue }
                targeted[region * inventories.count + inventory] = share(target.share)
                affordable[region * inventories.count + inventory] = share(target.affordable)
            }
        }
        return PacingCampaign(
            id: one.id, start: max(one.start ?? start, start), end: min(one.end ?? end, end),
            budget: one.budget, daily: one.dailyBudget, mode: one.pacing, isGuaranteed: one.guaranteed,
            price: Micros(max(one.cpm.rawValue / 1_000, 1)), targeted: targeted, affordable: affordable,
            shown: share(one.shown),
            reach: one.viewers.flatMap { viewers in one.cap.map { Double(viewers) * Double($0) } })
    }

    private func share(_ value: Micros) -> Double { Double(value.rawValue) / Double(Micros.perUnit) }
}

extension Kind where Value == String {
    /// What people call a region, an inventory or a campaign.
    fileprivate static var label: Kind {
        .text(
            TextForm(name: "1 to 64 characters", pattern: "^.{1,64}$"),
            read: { (1...64).contains($0.count) ? $0 : nil }, show: { $0 })
    }
}

extension Kind where Value == Instant {
    fileprivate static var moment: Kind {
        .text(
            TextForm(name: "a time such as 2026-11-20T18:00:00Z", pattern: nil), read: Timestamp.read,
            show: Timestamp.text)
    }
}
