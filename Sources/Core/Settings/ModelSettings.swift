// Which models a node serves, and where it finds what they know of viewers and ads.
public import Documents

public struct ModelSettings: DocumentObject, Equatable {
    public internal(set) var path = ""
    public internal(set) var profiles: String?
    public internal(set) var shadowOneIn = 10
    public internal(set) var shadowMilliseconds = 100

    package init() {}

    package static let schema = Schema<ModelSettings>(
        "models",
        [
            .required(
                "path", \.path, .absolutePath, example: "/etc/paceline/models",
                "A directory with models.json, and the schema, models and calibrators that it names. It is looked at as often as the catalog; what is refused is not taken, and the last good models stay."
            ),
            .optional(
                "profiles", \.profiles, .absolutePath,
                "The profiles that `paceline features import` keeps, of the schema that models.json names. Without it nothing is known of anybody but what the request and the catalog say."
            ),
            .defaulted(
                "shadowOneIn", \.shadowOneIn, .integer(0...1_000_000),
                "Of how many decisions one is shown to shadows, which are models that are only compared; 0 for none.",
                because: "A thousand decisions a second make a million to compare in three hours."),
            .defaulted(
                "shadowMilliseconds", \.shadowMilliseconds, .integer(1...1000, unit: "milliseconds"),
                "What shadows may take of each second, all together, on a thread that runs where nothing else wants the core. What finds no time is left out and counted.",
                because: "A tenth of a core, which nobody else wants."
            ),
        ])
}
