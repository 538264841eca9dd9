// How a node decides, beside its catalog: who it is to exchanges, what foreign money is worth, what is believed of
// clicks, views and actions as long as no model says better.
public import Auction
public import Documents
public import Units

extension NodeSettings {
    public struct Decision: DocumentObject, Equatable {
        public internal(set) var seat = "paceline"
        public internal(set) var vendor: UInt16 = 0
        public internal(set) var baseCurrency = CurrencyCode.usd
        public internal(set) var rates: [Rate] = []
        public internal(set) var priors = Priors()
        public internal(set) var podSteps = 2_000
        public internal(set) var firstPlace: Int64 = 0
        public internal(set) var lastPlace: Int64 = 0
        public internal(set) var seenCreative: Int64 = 500_000
        public internal(set) var seenAdvertiser: Int64 = 0
        public internal(set) var bidShading = false
        public internal(set) var bidOutcomeWithin = Interval.seconds(60)

        package init() {}

        package static let schema = Schema<Self>(
            "decision",
            [
                .defaulted(
                    "seat", \.seat, .seat, "The seat that bids, as exchanges know it.",
                    because:
                        "Exchanges that give seats name another; `wseat` and `bseat` are compared with it."),
                .defaulted(
                    "vendor", \.vendor, .integer(0...65_535),
                    "The operator's number on the TCF's global vendor list. 0 is nobody's: no consent string consents to it.",
                    because: "Nobody is taken to have agreed to whom he was not asked about."),
                .defaulted(
                    "baseCurrency", \.baseCurrency, .currency, "The currency that all rates are given in.",
                    because: "What OpenRTB means where a request names none."),
                .defaulted(
                    "rates", \.rates, .list(of: .object, count: 0...63),
                    "What one unit of another currency is worth in it. What has no rate is not converted, and not bid on.",
                    because: "Money is never converted by a guess."),
                .defaulted(
                    "priors", \.priors, .object,
                    "What share of impressions comes to what a campaign pays for, in millionths."),
                .defaulted(
                    "podSteps", \.podSteps, .integer(1...1_000_000, unit: "steps"),
                    "Steps that the search for one pod's best ads may take. Beyond them the best pod so far is answered, with its bound in the explanation.",
                    because: "Proves nearly every pod of eight slots, in some dozens of microseconds."),
                .defaulted(
                    "firstPlaceMillionths", \.firstPlace, .integer(0...3_000_000, unit: "millionths"),
                    "What the first place of a break is worth beyond an ad's value. More than the price is never bid for it.",
                    because: "Nothing, until somebody knows better for his inventory."),
                .defaulted(
                    "lastPlaceMillionths", \.lastPlace, .integer(0...3_000_000, unit: "millionths"),
                    "The same of the last place.", because: "As for the first place."),
                .defaulted(
                    "seenCreativeMillionths", \.seenCreative, .integer(0...1_000_000, unit: "millionths"),
                    "What an ad loses of its worth where the viewer saw it in an earlier break. With 1000000 it is not shown again.",
                    because: "The same film again is worth half: another one of equal price goes first."),
                .defaulted(
                    "seenAdvertiserMillionths", \.seenAdvertiser, .integer(0...1_000_000, unit: "millionths"),
                    "The same where it was another ad of its advertiser.",
                    because: "An advertiser who wants to be seen less has caps for that."),
                .defaulted(
                    "bidShading", \.bidShading, .bool,
                    "Whether open line items bid less than they are worth at exchanges where the winner pays his bid, once enough wins and losses were seen. A line item or a publisher of the catalog may say otherwise.",
                    because: "A lower bid wins less, and only who pays can say that he wants that."),
                .defaulted(
                    "bidOutcomeSeconds", \.bidOutcomeWithin, .seconds(1...3_600),
                    "How long after a bid its win or loss may be told. A bid of which nobody says anything until then counts as lost.",
                    because: "Exchanges tell of a win when the ad is served, within seconds of the auction."),
            ],
            rules: [
                Rule("No two of `rates` are of one currency, and none is of `baseCurrency`.") {
                    all, objections in
                    var taken: Set<CurrencyCode> = [all.baseCurrency]
                    for (index, rate) in all.rates.enumerated() where !taken.insert(rate.currency).inserted {
                        objections.refuse(
                            "rates[\(index)].currency",
                            found: "\"\(rate.currency)\", which has its rate already",
                            allowed: "a currency without one")
                    }
                }
            ])
    }
}

extension NodeSettings.Decision {
    /// What one unit of a currency is worth in the base.
    public struct Rate: DocumentObject, Equatable {
        public internal(set) var currency = CurrencyCode.usd
        public internal(set) var worth = ExchangeRate.one
        /// As it was written: a fraction in lowest terms would not be known again.
        var text = ""

        package init() {}

        package static let schema = Schema<Self>(
            "rate",
            [
                .required(
                    "currency", \.currency, .currency, example: CurrencyCode("EUR") ?? .usd, "The currency."),
                .required(
                    "worth", \.written, .rate, example: Written(text: "1.0837", rate: .one),
                    "Units of the base for one unit of it, as a decimal in a string: exact, and never a Double."
                ),
            ])

        /// A rate and the text that said it.
        package struct Written: Equatable, Sendable {
            package var text: String
            package var rate: ExchangeRate
        }

        package var written: Written {
            get { Written(text: text, rate: worth) }
            set { (text, worth) = (newValue.text, newValue.rate) }
        }
    }

    /// Shares in millionths, until models tell impressions apart: assumptions to start from.
    public struct Priors: DocumentObject, Equatable {
        public internal(set) var click: Int64 = 1_000
        public internal(set) var completedView: Int64 = 900_000
        public internal(set) var action: Int64 = 50

        package init() {}

        package static let schema = Schema<Self>(
            "priors",
            [
                .defaulted(
                    "clickMillionths", \.click, .integer(0...1_000_000, unit: "millionths"),
                    "Impressions that lead to a click.",
                    because: "One in a thousand: screens without a pointer have few."),
                .defaulted(
                    "completedViewMillionths", \.completedView, .integer(0...1_000_000, unit: "millionths"),
                    "Impressions that are seen to their end.",
                    because: "Nine of ten: ads in a stream can rarely be skipped."),
                .defaulted(
                    "actionMillionths", \.action, .integer(0...1_000_000, unit: "millionths"),
                    "Impressions that lead to what an advertiser calls an action.",
                    because: "One in twenty thousand."),
            ])
    }
}

extension Kind where Value == String {
    /// Exchanges give numbers, words and mixtures of both.
    fileprivate static var seat: Kind {
        .text(
            TextForm(name: "1 to 64 letters, digits and -_.:", pattern: "^[A-Za-z0-9_.:-]{1,64}$"),
            read: { text in
                (1...64).contains(text.utf8.count)
                    && text.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"),
                            UInt8(ascii: "."), UInt8(ascii: ":"):
                            true
                        default: false
                        }
                    } ? text : nil
            }, show: { $0 })
    }
}

extension Kind where Value == CurrencyCode {
    fileprivate static var currency: Kind {
        .text(
            TextForm(name: "a currency of three capital letters, as in USD", pattern: "^[A-Z]{3}$"),
            read: { CurrencyCode($0) }, show: { $0.description })
    }
}

extension Kind where Value == NodeSettings.Decision.Rate.Written {
    fileprivate static var rate: Kind {
        .text(
            TextForm(
                name: "a decimal above zero with at most nine digits, as in \"0.0067\"",
                pattern: "^[0-9]+(\\.[0-9]+)?$"),
            read: { text in ExchangeRate(decimal: text).map { .init(text: text, rate: $0) } },
            show: { $0.text })
    }
}
