export const articleEntity = 'crm.knowledge:article'
export const feedbackEntity = 'crm.knowledge:article_feedback'
export const ticketEntity = 'crm.tickets:ticket'
