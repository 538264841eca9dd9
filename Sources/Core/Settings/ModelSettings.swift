// Which models a node serves, and where it finds what they know of viewers and ads.
public import Documents

public struct ModelSettings: DocumentObject, Equatable {
    public internal(set) var path = ""
    public internal(set) var profiles: String?

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
        ])
}
