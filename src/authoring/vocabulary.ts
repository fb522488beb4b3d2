/** What names of columns tell, as data: to add a language or a habit, add a word. All in lower case, without accents. */

/** Names that mean the same field, whatever a platform calls it. */
export const synonyms: readonly (readonly string[])[] = [
  [
    'email',
    'e mail',
    'mail',
    'email address',
    'e mail address',
    'mail address',
    'epost',
    'e post',
    'epostadress',
  ].concat(['mejl', 'courriel', 'correo', 'correo electronico', 'emailadres', 'e mailadres', 'email id']),
  ['first name', 'given name', 'forename', 'fname', 'fornamn', 'fornavn', 'vorname', 'prenom', 'nombre', 'voornaam'],
  ['last name', 'surname', 'family name', 'lname', 'efternamn', 'efternavn', 'etternavn', 'nachname', 'achternaam'],
  [
    'birth date',
    'birthdate',
    'birthday',
    'date of birth',
    'dob',
    'born',
    'birth',
    'fodelsedatum',
    'fodselsdato',
  ].concat(['geburtsdatum', 'geboortedatum', 'date de naissance', 'fecha de nacimiento']),
  ['gender', 'sex', 'kon', 'kjonn', 'geschlecht', 'geslacht', 'sexe'],
  [
    'phone',
    'mobile',
    'mobile phone',
    'phone number',
    'mobile number',
    'cell',
    'cell phone',
    'cellphone',
    'telephone',
  ].concat(['tel', 'msisdn', 'telefon', 'mobil', 'mobiltelefon', 'telefoon', 'mobiel', 'handy', 'telefonnummer']),
  ['street', 'address', 'street address', 'address 1', 'address line 1', 'gata', 'gade', 'strasse', 'straat', 'adress'],
  ['city', 'town', 'stad', 'ort', 'by', 'stadt', 'plaats', 'ville', 'ciudad'],
  ['postal code', 'zip', 'zip code', 'postcode', 'zipcode', 'postnummer', 'plz', 'code postal', 'codigo postal'],
  ['country', 'land', 'pays', 'pais'],
  ['country code', 'landskod', 'landcode'],
  [
    'created at',
    'signup at',
    'signup date',
    'signed up',
    'registered at',
    'registration date',
    'joined',
    'joined at',
  ].concat(['sign up date', 'member since', 'created', 'date created', 'creation date']),
  ['unsubscribed', 'opted out', 'opt out', 'optout', 'unsubscribe'],
  [
    'timestamp',
    'event time',
    'occurred at',
    'event date',
    'ordered at',
    'order date',
    'purchased at',
    'purchase date',
  ].concat(['happened at', 'at', 'when', 'ts', 'occurred', 'time', 'datetime', 'date', 'event timestamp']),
  ['event', 'event name', 'event type', 'action'],
  ['event id', 'order id', 'transaction id', 'receipt', 'receipt id'],
];

/** Words before a name that say whose it is: `customer_email`. */
export const owners: readonly string[] = [
  'customer',
  'user',
  'contact',
  'person',
  'member',
  'client',
  'subscriber',
].concat(['profile', 'primary', 'personal', 'kund', 'kunde', 'klant']);

/** Columns that say whom or what a row is about, the surest first. */
export const keyNames = {
  person: ['customer id', 'user id', 'person id', 'profile id', 'contact id', 'member id', 'client id', 'subscriber id']
    .concat(['crm id', 'customer number', 'customer no', 'customer nr', 'member number', 'kundnummer', 'kundnr'])
    .concat(['kundennummer', 'kundenummer', 'klantnummer', 'external id', 'uid', 'uuid', 'guid', 'id']),
  thing: [
    'sku',
    'product id',
    'item id',
    'article id',
    'article number',
    'product number',
    'item number',
    'object id',
  ].concat(['company id', 'group id', 'account id', 'match id', 'ean', 'gtin', 'uuid', 'id', 'key', 'code']),
  event: [
    'event id',
    'order id',
    'transaction id',
    'receipt id',
    'receipt',
    'order number',
    'message id',
    'uuid',
    'id',
  ],
} as const satisfies Record<string, readonly string[]>;

/** Digits that nobody calculates with. */
export const idWords: readonly string[] = [
  'id',
  'ids',
  'uid',
  'guid',
  'uuid',
  'nr',
  'no',
  'number',
  'num',
  'code',
  'zip',
]
  .concat([
    'postal',
    'postcode',
    'zipcode',
    'plz',
    'phone',
    'mobile',
    'tel',
    'telephone',
    'fax',
    'msisdn',
    'cell',
    'ssn',
  ])
  .concat(['card', 'iban', 'account', 'sku', 'ean', 'gtin', 'isbn', 'ref', 'reference', 'key', 'nummer', 'numero'])
  .concat(['postnummer', 'telefon', 'telefoon', 'mobil', 'personnummer', 'kundnummer', 'kundenummer', 'klantnummer']);

/** … unless one of these says that it is a count. */
export const countWords: readonly string[] = [
  'count',
  'quantity',
  'qty',
  'amount',
  'total',
  'sum',
  'no of',
  'number of',
];

export const timeWords: readonly string[] = [
  'date',
  'day',
  'at',
  'on',
  'time',
  'timestamp',
  'ts',
  'since',
  'born',
  'birth',
]
  .concat(['birthday', 'birthdate', 'dob', 'datum', 'created', 'updated', 'modified', 'joined', 'expires', 'expiry'])
  .concat(['last', 'signup', 'registered', 'dato', 'fecha', 'epoch', 'fodelsedatum', 'geburtsdatum', 'geboortedatum']);

export const flagWords: readonly string[] = [
  'is',
  'has',
  'flag',
  'active',
  'enabled',
  'subscribed',
  'unsubscribed',
  'opt',
]
  .concat([
    'optin',
    'optout',
    'opted',
    'consent',
    'newsletter',
    'accepts',
    'accepted',
    'allow',
    'allowed',
    'member',
    'ok',
  ])
  .concat(['verified', 'confirmed', 'deleted', 'blocked', 'vip', 'samtycke', 'nyhetsbrev']);

export const listWords: readonly string[] = [
  'tags',
  'tag',
  'interests',
  'categories',
  'list',
  'topics',
  'labels',
  'segments',
].concat([
  'groups',
  'preferences',
  'skus',
  'items',
  'products',
  'channels',
  'roles',
  'hobbies',
  'favorites',
  'favourites',
]);

/** Texts for people, in which a semicolon is a semicolon. */
export const proseWords: readonly string[] = [
  'note',
  'notes',
  'comment',
  'comments',
  'remark',
  'remarks',
  'description',
  'message',
  'text',
  'body',
];

/** Pairs of words for true and false, of one language each. */
export const truthWords: readonly (readonly [yes: string, no: string])[] = [
  ['true', 'false'],
  ['yes', 'no'],
  ['y', 'n'],
  ['t', 'f'],
  ['on', 'off'],
  ['ja', 'nej'],
  ['ja', 'nein'],
  ['ja', 'nee'],
  ['ja', 'nei'],
  ['j', 'n'],
  ['oui', 'non'],
  ['si', 'no'],
  ['sí', 'no'],
  ['sim', 'não'],
  ['tak', 'nie'],
  ['kyllä', 'ei'],
  ['1', '0'],
];

/** Words that stand for "nothing here". `everywhere`: in a text column too, where the others may be meant. */
export const nothingWords = {
  everywhere: ['NULL', '\\N', '#N/A', '(null)', '(NULL)'],
  amongTyped: ['null', 'N/A', 'n/a', 'NA', 'NaN', 'nan', 'None', 'none', 'nil', '-', '--', '?', 'undefined', 'unknown'],
} as const;

/** Columns that must not travel to a marketing platform at all. */
export const secretNames: readonly string[] = [
  'password',
  'passwd',
  'pwd',
  'passphrase',
  'passwort',
  'losenord',
  'secret',
]
  .concat([
    'token',
    'api key',
    'apikey',
    'access key',
    'private key',
    'credential',
    'credentials',
    'cvv',
    'cvc',
    'cvc2',
  ])
  .concat([
    'pin',
    'pin code',
    'otp',
    'salt',
    'session id',
    'security answer',
    'card number',
    'credit card',
    'cc number',
  ])
  .concat(['credit card number', 'pan', 'password hash', 'passcode', 'mot de passe', 'wachtwoord', 'adgangskode']);

/** What a name says of a person, and in which words to say it. */
export const personalNames: readonly (readonly [kind: string, names: readonly string[]])[] = [
  ['a name', ['first name', 'last name', 'given name', 'family name', 'surname', 'forename', 'full name', 'fullname']],
  [
    'a name',
    ['nickname', 'middle name', 'maiden name', 'fname', 'lname', 'fornamn', 'efternamn', 'vorname', 'nachname'],
  ],
  ['a phone number', ['phone', 'mobile', 'telephone', 'tel', 'cell', 'cellphone', 'msisdn', 'fax', 'telefon', 'mobil']],
  ['an address', ['street', 'address', 'zip', 'zip code', 'zipcode', 'postal code', 'postcode', 'postnummer', 'plz']],
  ['a birth date', ['birth date', 'birthdate', 'birthday', 'birth', 'dob', 'date of birth', 'born', 'fodelsedatum']],
  ['a national id', ['ssn', 'national id', 'personnummer', 'personal number', 'cpr', 'bsn', 'fodselsnummer', 'nif']],
  [
    'a national id',
    ['passport', 'passport number', 'driving licence', 'drivers license', 'tax id', 'social security number'],
  ],
  ['a bank account', ['iban', 'bank account', 'account number', 'kontonummer']],
  ['an IP address', ['ip', 'ip address', 'last ip']],
  ['a place', ['latitude', 'longitude', 'lat', 'lon', 'lng', 'geo']],
  [
    'of a protected kind',
    ['gender', 'sex', 'religion', 'ethnicity', 'race', 'health', 'diagnosis', 'salary', 'income'],
  ],
  ['free text about a person', ['note', 'notes', 'comment', 'comments', 'remark', 'remarks']],
];

/** The same in other languages, by one of the synonyms: the whole name must be it, since `nombre_producto` is nobody's. */
export const personalFields: readonly (readonly [kind: string, synonym: string])[] = [
  ['a name', 'first name'],
  ['a name', 'last name'],
  ['a phone number', 'phone'],
  ['an address', 'street'],
  ['an address', 'postal code'],
  ['a birth date', 'birth date'],
  ['of a protected kind', 'gender'],
];

/** Names of somebody in a file that is about people; elsewhere of anything. */
export const plainNames: readonly string[] = [
  'name',
  'namn',
  'navn',
  'naam',
  'nom',
  'nome',
  'nombre',
  'customer name',
].concat([
  'contact name',
  'user name',
  'display name',
  'kund',
  'kunde',
  'klant',
  'kontakt',
  'kontaktperson',
  'ansprechpartner',
]);
