// How long money is set aside for an ad that was bid, and how much of it a node can keep in mind.
public import Documents
public import Units

public struct BudgetSettings: DocumentObject, Equatable {
    public internal(set) var hold = Interval.seconds(300)
    public internal(set) var grace = Interval.seconds(60)
    public internal(set) var lastBill: Interval?
    public internal(set) var openReservations = 262_144

    package init() {}

    package static let schema = Schema<BudgetSettings>(
        "budgets",
        [
            .defaulted(
                "holdSeconds", \.hold, .seconds(1...86_400),
                "How long an ad that was bid may be shown: the bid's `exp`. Its price is set aside for so long.",
                because: "A break is fetched some minutes before it is shown."),
            .defaulted(
                "graceSeconds", \.grace, .seconds(1...604_800),
                "How long after that its bill may still come, by what the exchange promises. Then its money is free again; a bill that comes later is paid from outside the budget, and counted apart.",
                because: "Notices that a player or an exchange sends again come within a minute."),
            .optional(
                "lastBillSeconds", \.lastBill, .seconds(1...604_800),
                "How long after `exp` an exchange still bills an ad whose bill it could not tell, since nobody could reach `notices.baseURL` meanwhile: so long the ad's price is kept then. Without it, ten minutes, but not beyond `notices.lifetimeSeconds`, as a later bill is not taken, and not below `graceSeconds`. As long as `graceSeconds`: nothing is kept beyond it."
            ),
            .defaulted(
                "openReservations", \.openReservations, .integer(1_024...16_777_216, unit: "reservations"),
                "Ads of a shard that wait for their bill, rounded up to a power of two; each takes 40 bytes. Twice as many more may be kept beyond their time. Beyond that nothing is bid.",
                because: "700 ads a second, held for six minutes."),
        ])
}
